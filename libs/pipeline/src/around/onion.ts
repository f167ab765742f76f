import { Injectable } from '@nestjs/common';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { Gates } from '../gates/gates.js';
import { type StageName, stagesOf } from '../stages/stages.js';
import { AfterStages } from './after-stages.js';
import { ApprovalStage } from './approval.stage.js';
import type { AroundStage, Next, Step } from './around-stage.js';
import { AttemptTimeoutStage } from './attempt-timeout.stage.js';
import { BreakerStage } from './breaker.stage.js';
import { BulkheadStage } from './bulkhead.stage.js';
import { CacheStage } from './cache.stage.js';
import { compose } from './compose.js';
import { IdempotencyStage } from './idempotency.stage.js';
import { IntentStage } from './intent.stage.js';
import { RetryStage } from './retry.stage.js';
import { TransactionStage } from './transaction.stage.js';

/** Composes the stages around a method in the order of the one list, once per subject. */
@Injectable()
export class Onion {
  private readonly stages: readonly AroundStage[];
  private readonly whole = new WeakMap<Subject, Step>();

  constructor(
    private readonly gates: Gates,
    idempotency: IdempotencyStage,
    approval: ApprovalStage,
    cache: CacheStage,
    retry: RetryStage,
    breaker: BreakerStage,
    bulkhead: BulkheadStage,
    attemptTimeout: AttemptTimeoutStage,
    intent: IntentStage,
    transaction: TransactionStage,
    after: AfterStages,
  ) {
    const given: AroundStage[] = [
      idempotency,
      approval,
      cache,
      retry,
      breaker,
      bulkhead,
      attemptTimeout,
      intent,
      transaction,
    ];
    const find = (stage: StageName): AroundStage => {
      const found = given.find((each) => each.stage === stage);
      if (found === undefined) throw new Error(`The stage ${stage} has nothing that carries it out`);
      return found;
    };
    // What looks at the result stands inside of everything that could keep it, the last to look outermost of these.
    const around = stagesOf('around').map(find);
    const innermost = around.findIndex(({ stage }) => stage === 'transaction');
    this.stages = [...around.slice(0, innermost), ...after.all, ...around.slice(innermost)];
  }

  /** What is wrong with the declarations of a subject: policies that nothing executes, and what each stage objects to. */
  problemsOf(subject: Subject): string[] {
    const executed = [...this.stages, ...this.gates.all()].flatMap(({ executes }) => executes);
    const known = new Set(executed.map(({ policyName }) => policyName));
    return [
      ...subject.policies
        .names()
        .filter((name) => !known.has(name))
        .map((name) => `declares the policy ${name}, which nothing executes`),
      ...this.stages.flatMap((stage) => stage.problemsOf(subject)),
    ];
  }

  /** Runs what is inside of the stages. */
  async run(call: RunningCall, method: Next): Promise<unknown> {
    try {
      if (call.subject.input !== undefined && !call.isInputValidated)
        throw new Error(`${call.subject.name} was about to run on arguments that nobody has validated`);
      const value = await this.stepOf(call.subject)(call, () => {
        call.enter('method');
        call.methodRuns++;
        return method();
      });
      call.ending = { kind: 'result', value };
      return value;
    } catch (thrown) {
      call.ending = call.methodRuns === 0 ? { kind: 'refusal', thrown } : { kind: 'failure' };
      throw thrown;
    }
  }

  private stepOf(subject: Subject): Step {
    let step = this.whole.get(subject);
    if (step === undefined) this.whole.set(subject, (step = compose(subject, this.stages)));
    return step;
  }
}
