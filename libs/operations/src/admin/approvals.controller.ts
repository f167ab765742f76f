import { Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { Principal } from '@app/mcp';
import { Approvals, type ShownPlan } from '@app/security';
import { AdminController, Operator } from './admin.decorators.js';

/** Plans that wait for somebody else than their caller. Each operator decides on those of his tenant, never on his own. */
@AdminController('approvals')
export class ApprovalsController {
  constructor(private readonly approvals: Approvals) {}

  @Get()
  @ApiOperation({ summary: 'What waits for an approval' })
  @ApiOkResponse({ type: [Object] })
  list(@Operator() operator: Principal): Promise<readonly ShownPlan[]> {
    return this.approvals.list(operator);
  }

  @Post(':id/approve')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let the caller apply the plan, once' })
  @ApiOkResponse({ type: Object })
  approve(@Operator() operator: Principal, @Param('id') id: string): Promise<ShownPlan> {
    return this.approvals.approve(id, operator);
  }

  @Post(':id/deny')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the plan' })
  @ApiOkResponse({ type: Object })
  deny(@Operator() operator: Principal, @Param('id') id: string): Promise<ShownPlan> {
    return this.approvals.deny(id, operator);
  }
}
