import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import type { AroundStage, Next, Step } from './around-stage.js';

/** What the stages do for one subject, the first outermost. */
export function compose(subject: Subject, stages: readonly AroundStage[]): Step {
  const steps = stages.map((stage) => stage.stepFor(subject)).filter((step) => step !== undefined);
  const from = (index: number, call: RunningCall, method: Next): Promise<unknown> => {
    const step = steps[index];
    return step === undefined ? method() : step(call, () => from(index + 1, call, method));
  };
  return (call, method) => from(0, call, method);
}
