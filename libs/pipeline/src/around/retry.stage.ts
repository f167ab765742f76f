import { Injectable } from '@nestjs/common';
import { Clock, Random, Retry as RetryPolicy, RetryBudgets } from '@app/recovery';
import { ServerError } from '@app/mcp';
import { isPassing } from '../call/faults.js';
import type { Subject } from '../call/subject.js';
import { Retry } from '../policies/retry.policy.js';
import { AroundStage, type Step } from './around-stage.js';
import { dependencyOf } from './dependency.js';

/** More attempts than that are no retry but a loop. */
const MAX_ATTEMPTS = 10;

/**
 * Stage `retry`: tries again what failed for a passing reason, with growing random waits, within the deadline, and
 * never more than the budget that all calls to one dependency share. Every attempt passes all stages inside of this one.
 */
@Injectable()
export class RetryStage extends AroundStage {
  override readonly stage = 'retry';
  override readonly executes = [Retry];

  constructor(
    private readonly budgets: RetryBudgets,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    super();
  }

  override problemsOf({ policies, isRepeatable }: Subject): readonly string[] {
    const declared = policies.get(Retry);
    if (declared === undefined) return [];
    const { attempts = 1, baseDelayMs = 0, maxDelayMs = 0 } = declared;
    if (!Number.isInteger(attempts) || attempts < 1 || attempts > MAX_ATTEMPTS)
      return [`declares @Retry with ${attempts} attempts, expected 1 to ${MAX_ATTEMPTS}`];
    if (!(baseDelayMs >= 0 && maxDelayMs >= 0)) return ['declares @Retry with a delay below zero'];
    if (isRepeatable || declared.onlyKeyed === true) return [];
    return ['declares @Retry, but is neither read-only nor idempotent: a second attempt could do its work twice'];
  }

  override stepFor({ policies, isRepeatable }: Subject): Step | undefined {
    const declared = policies.get(Retry);
    if (declared === undefined) return undefined;
    const { attempts = 3, baseDelayMs = 100, maxDelayMs = 2_000 } = declared;
    const policy = new RetryPolicy({ maxAttempts: attempts, baseDelayMs, maxDelayMs }, this.clock, () =>
      this.random.next(),
    );
    return async (call, next) => {
      call.enter('retry');
      if (!isRepeatable && call.idempotencyKey === undefined) return next();
      let runs = 0;
      const attempt = (): Promise<unknown> => {
        runs = call.methodRuns;
        return next();
      };
      return policy.execute(attempt, {
        budget: this.budgets.of(dependencyOf(call)),
        deadlineAt: call.bounds.deadlineAt,
        signalOf: () => call.signal,
        // What our own stages refuse before the method begins is for the caller to try again, with the pause he is told.
        mayRetry: (error) => call.methodRuns > runs && call.bounds.endedBy === undefined && isPassing(error),
        retryAfterMs: (error) => (error instanceof ServerError ? error.retryAfterMs : undefined),
        onRetry: () => call.note('retry', 'tried again'),
      });
    };
  }
}
