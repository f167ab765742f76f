import { Injectable } from '@nestjs/common';
import { ServerError } from '@app/mcp';
import type { RunningCall } from '../call/running-call.js';
import { LivePolicy } from '../policies/live-policy.js';
import { Gate } from './gate.js';

/** Stage `kill switch`: a tool the operator has switched off is not run, from the next call on. */
@Injectable()
export class KillSwitchGuard extends Gate {
  override readonly stage = 'kill switch';

  constructor(private readonly policy: LivePolicy) {
    super();
  }

  override check({ subject }: RunningCall): void {
    const reason = this.policy.disabledBecause(subject);
    if (reason === undefined) return;
    throw new ServerError('POLICY_DENIED', `The operator has switched this off. ${reason}`.trim());
  }
}
