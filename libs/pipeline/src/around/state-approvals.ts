import { ServerError, type StateApproval } from '@app/mcp';
import { stateDigest } from '@app/security';

/** Of a dry run: nothing may be applied, and what the method has seen is kept. */
export class DryRunState implements StateApproval {
  /** Digest of it, once the method has asked. */
  seen?: string;

  mayApply(state: string): false {
    this.seen = digestOfState(state);
    return false;
  }
}

/** Of a call whose plan, or user, has approved one state. */
export class ApprovedState implements StateApproval {
  wasAsked = false;

  /** @param approved digest of that state */
  constructor(private readonly approved: string) {}

  mayApply(state: string): true {
    this.wasAsked = true;
    if (digestOfState(state) === this.approved) return true;
    throw new ServerError('CONFLICT', 'What this is about has changed since it was shown; nothing was done.', {
      hint: 'Call again with dry_run and without confirm, and look at what it would do now.',
    });
  }
}

/** Of a tool that is confirmed without a state: it would be asked in vain. */
export const UNDECLARED: StateApproval = {
  mayApply: () => {
    throw new Error('a method asked mayApply, but its tool has no plan_id in its output');
  },
};

/** @throws TypeError where there is nothing to compare */
function digestOfState(state: unknown): string {
  if (typeof state !== 'string' || state === '') throw new TypeError('mayApply takes a hash, as a text');
  return stateDigest(state);
}
