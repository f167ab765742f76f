import { Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { PolicySource } from '@app/config';
import { AdminController } from './admin.decorators.js';

class PolicyReloaded {
  @ApiProperty({ description: 'Whether another policy is in force now' })
  changed!: boolean;

  @ApiProperty({ type: [String], description: 'Why the old policy stays; empty where it does not' })
  problems!: readonly string[];
}

class PolicyInForce {
  @ApiProperty({ description: 'Changes with every policy that is taken; stands in audit records' })
  version!: string;
}

@AdminController('policy')
export class PolicyController {
  constructor(private readonly policy: PolicySource) {}

  @Get()
  @ApiOperation({ summary: 'The policy in force' })
  @ApiOkResponse({ type: PolicyInForce })
  inForce(): PolicyInForce {
    return { version: this.policy.version };
  }

  @Post('reload')
  @HttpCode(200)
  @ApiOperation({ summary: 'Read the policy file again; a file with problems changes nothing' })
  @ApiOkResponse({ type: PolicyReloaded })
  async reload(): Promise<PolicyReloaded> {
    return this.policy.reload();
  }
}
