import { Injectable } from '@nestjs/common';
import { ServerError } from '@app/mcp';
import { type AccessVerdict, Authorizer } from '@app/security';
import type { RunningCall } from '../call/running-call.js';
import { LivePolicy } from '../policies/live-policy.js';
import { Gate } from './gate.js';

/** Stage `authorize`: the caller has the scope that toolset and risk ask for. An authorizer that fails denies. */
@Injectable()
export class AuthorizeGuard extends Gate {
  override readonly stage = 'authorize';

  constructor(
    private readonly authorizer: Authorizer,
    private readonly policy: LivePolicy,
  ) {
    super();
  }

  override check(call: RunningCall): void | Promise<void> {
    const { scope: family, risk, name: operation } = call.subject;
    if (family === undefined) return;
    try {
      const verdict = this.authorizer.decide(call.principal, { operation, family, risk });
      if (verdict instanceof Promise) return verdict.catch(unreadable).then((each) => this.judge(call, each));
      this.judge(call, verdict);
    } catch (cause) {
      if (cause instanceof ServerError) throw cause;
      unreadable(cause);
    }
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

function unreadable(cause: unknown): never {
  throw new ServerError('POLICY_UNAVAILABLE', 'It could not be decided whether the caller may do this.', { cause });
}
