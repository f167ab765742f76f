import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import type { Policy } from '../policies/policy.js';
import type { StageName } from '../stages/stages.js';

/** What is inside of a stage: the next stage, and at the end the method. May be run more than once. */
export type Next = () => Promise<unknown>;
/** What a stage does around the inside for one operation. */
export type Step = (call: RunningCall, next: Next) => Promise<unknown>;

/** A stage that encloses the method. */
export abstract class AroundStage {
  abstract readonly stage: StageName;
  /** The policies it executes. */
  readonly executes: readonly Policy<never>[] = [];

  /** What is wrong with the declarations of a subject, in words; looked at once, at boot. */
  problemsOf(_subject: Subject): readonly string[] {
    return [];
  }

  /** Made once per subject; undefined where the stage has nothing to do for it. */
  abstract stepFor(subject: Subject): Step | undefined;
}
