import { Injectable } from '@nestjs/common';
import { PolicySource, type ShadowablePolicy, type TenantPolicy, type ToolPolicy } from '@app/config';
import type { Principal, ServerError } from '@app/mcp';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import type { StageName } from '../stages/stages.js';
import { CallLimits, type CallLimitsOptions } from './call-limits.policy.js';

const STAGE_OF: Readonly<Record<ShadowablePolicy, StageName>> = {
  throttle: 'throttle',
  authorize: 'authorize',
  approval: 'approval',
  bulkhead: 'bulkhead',
  breaker: 'breaker',
  stuck_loop: 'stuck loop',
};
const NO_LIMITS: CallLimitsOptions = {};

/** The operator's policy as it stands now, over what the author of a tool has declared. */
@Injectable()
export class LivePolicy {
  constructor(private readonly source: PolicySource) {}

  /** Limits of the policy file win over those of the tool. */
  limitsOf(subject: Subject): CallLimitsOptions {
    const declared = subject.policies.get(CallLimits) ?? NO_LIMITS;
    const given = this.given(subject)?.limits;
    return given === undefined ? declared : { ...declared, ...given };
  }

  /** What the operator says of the callers of a tenant together. */
  tenantOf({ tenant }: Principal): TenantPolicy | undefined {
    return this.source.current().tenants?.get(tenant);
  }

  deadlineMsOf(subject: Subject): number | undefined {
    return this.given(subject)?.limits.deadlineMs ?? subject.deadlineMs;
  }

  /** What the operator says of a tool that is switched off; undefined while it is on. */
  disabledBecause(subject: Subject): string | undefined {
    const tool = this.given(subject);
    return tool === undefined || tool.enabled ? undefined : (tool.reason ?? '');
  }

  /** Whether a policy only watches, for this tool. */
  isShadowed(subject: Subject, policy: ShadowablePolicy): boolean {
    return (this.given(subject)?.modes[policy] ?? this.source.current().modes[policy]) === 'shadow';
  }

  /** What the policy file says of a tool. */
  private given({ kind, name }: Subject): ToolPolicy | undefined {
    return kind === 'tool' ? this.source.current().tools.get(name) : undefined;
  }

  /**
   * Refuses a call; in shadow mode it is only recorded that it would have been.
   * @throws ServerError the given one
   */
  refuse(call: RunningCall, policy: ShadowablePolicy, error: ServerError): void {
    if (!this.isShadowed(call.subject, policy)) throw error;
    call.note(STAGE_OF[policy], `would refuse ${error.code}`);
  }
}
