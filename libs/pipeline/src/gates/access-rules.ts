import { Injectable } from '@nestjs/common';
import { type Principal, ServerError } from '@app/mcp';
import { type AccessVerdict, Authorizer } from '@app/security';
import type { Subject } from '../call/subject.js';
import { LivePolicy } from '../policies/live-policy.js';

const ALLOWED: AccessVerdict = { allowed: true };

/** The one answer to who may do what: calls are let through by it, lists show what it lets through. */
@Injectable()
export class AccessRules {
  constructor(
    private readonly authorizer: Authorizer,
    private readonly policy: LivePolicy,
  ) {}

  /** @throws ServerError POLICY_UNAVAILABLE when it cannot be decided */
  verdict(principal: Principal, subject: Subject): AccessVerdict | Promise<AccessVerdict> {
    const { scope: family, risk, action, name: operation } = subject;
    if (family === undefined) return ALLOWED;
    try {
      const verdict = this.authorizer.decide(principal, { operation, family, risk, action });
      return verdict instanceof Promise ? verdict.catch(unreadable) : verdict;
    } catch (cause) {
      return unreadable(cause);
    }
  }

  /** What the caller is shown: what he may call, and what he would be let through to while the policy only watches. */
  async visible<T extends Subject>(principal: Principal, subjects: readonly T[]): Promise<readonly T[]> {
    const verdicts = await Promise.all(
      subjects.map((subject) => this.policy.isShadowed(subject, 'authorize') || this.verdict(principal, subject)),
    );
    return subjects.filter((_subject, index) => {
      const verdict = verdicts[index]!;
      return verdict === true || verdict.allowed;
    });
  }
}

function unreadable(cause: unknown): never {
  if (cause instanceof ServerError) throw cause;
  throw new ServerError('POLICY_UNAVAILABLE', 'It could not be decided whether the caller may do this.', { cause });
}
