import type { RunningCall } from '../call/running-call.js';
import type { Policy } from '../policies/policy.js';
import type { StageName } from '../stages/stages.js';

/** A stage that decides before anything is done. One that throws refuses the call. */
export abstract class Gate {
  abstract readonly stage: StageName;
  /** The policies it executes. */
  readonly executes: readonly Policy<never>[] = [];

  /** @throws ServerError to refuse the call */
  abstract check(call: RunningCall): void | Promise<void>;

  pass(call: RunningCall): void | Promise<void> {
    call.enter(this.stage);
    return this.check(call);
  }
}
