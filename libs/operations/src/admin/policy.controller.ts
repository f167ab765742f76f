import { Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { PolicySource } from '@app/config';
import type { Principal } from '@app/mcp';
import { SecurityEvents } from '@app/security';
import { AdminController, Operator } from './admin.decorators.js';
import { checkOverAll } from './operator-reach.js';

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
  constructor(
    private readonly policy: PolicySource,
    private readonly events: SecurityEvents,
  ) {}

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
  async reload(@Operator() operator: Principal): Promise<PolicyReloaded> {
    // It is the policy of all tenants.
    checkOverAll(operator);
    const reloaded = await this.policy.reload();
    const { tenant, subject, actors, via } = operator;
    const isRefused = reloaded.problems.length > 0;
    if (reloaded.changed || isRefused)
      await this.events.record({
        operation: isRefused ? 'policy_refused' : 'policy_changed',
        tenant,
        subject,
        actors,
        via,
        policyVersion: this.policy.version,
        details: { problems: reloaded.problems },
      });
    return reloaded;
  }
}
