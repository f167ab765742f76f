import { Injectable } from '@nestjs/common';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { stagesOf } from '../stages/stages.js';
import type { AroundStage, Step } from './around-stage.js';
import { compose } from './compose.js';
import { OutputStage } from './output.stage.js';
import { RedactStage } from './redact.stage.js';

/** The stages that look at what a method returned. Whatever stands in for it is looked at by them too. */
@Injectable()
export class AfterStages {
  /** The last to look first, as it stands outermost. */
  readonly all: readonly AroundStage[];
  private readonly steps = new WeakMap<Subject, Step>();

  constructor(redact: RedactStage, output: OutputStage) {
    const given: AroundStage[] = [redact, output];
    this.all = stagesOf('after')
      .map((stage) => given.find((each) => each.stage === stage)!)
      .reverse();
  }

  /** @throws what the stages object to */
  look(call: RunningCall, value: unknown): Promise<unknown> {
    const { subject } = call;
    let step = this.steps.get(subject);
    if (step === undefined) this.steps.set(subject, (step = compose(subject, this.all)));
    return step(call, () => Promise.resolve(value));
  }
}
