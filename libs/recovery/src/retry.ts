import { backoffMs, type BackoffSettings } from './backoff.js';
import type { Clock } from './clock.js';
import type { RetryBudget } from './retry-budget.js';

export interface RetrySettings extends BackoffSettings {
  /** The first included. */
  readonly maxAttempts: number;
}

export const RETRY_DEFAULTS: RetrySettings = Object.freeze({ maxAttempts: 3, baseDelayMs: 100, maxDelayMs: 2_000 });

export interface RetryCircumstances {
  mayRetry(error: unknown): boolean;
  /** What the other side asked for; the wait is never shorter. */
  retryAfterMs(error: unknown): number | undefined;
  /** On the clock of the policy: no attempt begins at or after it. `Infinity` for none. */
  readonly deadlineAt: number;
  /** Asked for only where there is something to wait for. */
  readonly signalOf?: () => AbortSignal;
  readonly budget: RetryBudget;
  /** @param attempt the one to come, so 2 or more */
  onRetry?(attempt: number, delayMs: number, error: unknown): void;
}

/** Tries again, within deadline and budget. What cannot be tried again is thrown as it came. */
export class Retry {
  constructor(
    private readonly settings: RetrySettings,
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {}

  /**
   * @param work is given the number of the attempt, from 1
   * @throws what the last attempt threw; the reason of the signal when it aborts during a wait
   */
  async execute<T>(work: (attempt: number) => Promise<T>, circumstances: RetryCircumstances): Promise<T> {
    circumstances.budget.recordCall();
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(attempt);
      } catch (error) {
        const delayMs = this.delayAfter(attempt, error, circumstances);
        if (delayMs === undefined) throw error;
        const signal = circumstances.signalOf?.();
        if (signal?.aborted === true || !circumstances.budget.tryTake()) throw error;
        circumstances.onRetry?.(attempt + 1, delayMs, error);
        await this.wait(delayMs, signal);
      }
    }
  }

  /** undefined where no further attempt may be made. */
  private delayAfter(attempt: number, error: unknown, given: RetryCircumstances): number | undefined {
    if (attempt >= this.settings.maxAttempts || !given.mayRetry(error)) return undefined;
    const askedForMs = given.retryAfterMs(error) ?? 0;
    const delayMs = Math.max(backoffMs(attempt, this.settings, this.random()), askedForMs);
    // Not a number is not before any deadline.
    return this.clock.now() + delayMs < given.deadlineAt ? delayMs : undefined;
  }

  private wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((done, failed) => {
      const stop = (): void => {
        cancel();
        failed(signal?.reason as Error);
      };
      const cancel = this.clock.after(ms, () => {
        signal?.removeEventListener('abort', stop);
        done();
      });
      // What onRetry did may have aborted it.
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }
}
