import { Injectable } from '@nestjs/common';
import { ServerError } from '@app/mcp';
import type { AccessVerdict } from '@app/security';
import type { RunningCall } from '../call/running-call.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AccessRules } from './access-rules.js';
import { Gate } from './gate.js';

/** Stage `authorize`: the caller has the scope that toolset and risk ask for. An authorizer that fails denies. */
@Injectable()
export class AuthorizeGuard extends Gate {
  override readonly stage = 'authorize';

  constructor(
    private readonly rules: AccessRules,
    private readonly policy: LivePolicy,
  ) {
    super();
  }

  override check(call: RunningCall): void | Promise<void> {
    const verdict = this.rules.verdict(call.principal, call.subject);
    if (verdict instanceof Promise) return verdict.then((each) => this.judge(call, each));
    this.judge(call, verdict);
  }

  private judge(call: RunningCall, verdict: AccessVerdict): void {
    if (verdict.allowed) return;
    this.policy.refuse(
      call,
      'authorize',
      new ServerError('FORBIDDEN', `The caller lacks the scope ${verdict.missingScope}.`, {
        hint: 'Ask the operator for the scope, or do without this call.',
      }),
    );
  }
}
