import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ServerError } from '@app/mcp';
import { ManualClock } from '@app/testing';
import { Retry, RETRY_DEFAULTS, type RetryCircumstances, type RetrySettings } from './retry.js';
import { RetryBudget } from './retry-budget.js';

const settled = (): Promise<void> => new Promise((done) => void setImmediate(done));
const upstream = new Error('upstream');

function stand({ random = 0.5, ...given }: { random?: number } & Partial<RetrySettings> = {}) {
  const clock = new ManualClock();
  const retry = new Retry({ ...RETRY_DEFAULTS, ...given }, clock, () => random);
  const delays: number[] = [];
  const attempts: number[] = [];
  const circumstances: RetryCircumstances = {
    mayRetry: () => true,
    retryAfterMs: () => undefined,
    deadlineAt: Infinity,
    budget: new RetryBudget({ reserve: 100 }),
    onRetry: (attempt, delayMs) => {
      attempts.push(attempt);
      delays.push(delayMs);
    },
  };
  /** Lets all waits pass. @returns when each attempt began */
  const run = async (
    work: (attempt: number) => Promise<string>,
    changed: Partial<RetryCircumstances> = {},
  ): Promise<{ beganAt: number[]; result?: string; error?: unknown }> => {
    const beganAt: number[] = [];
    const outcome: { result?: string; error?: unknown } = {};
    const call = retry
      .execute(
        (attempt) => {
          beganAt.push(clock.now());
          return work(attempt);
        },
        { ...circumstances, ...changed },
      )
      .then(
        (result) => (outcome.result = result),
        (error: unknown) => (outcome.error = error),
      );
    await clock.advanceAndSettle(3_600_000);
    await call;
    expect(clock.pending()).toBe(0);
    return { beganAt, ...outcome };
  };
  return { clock, retry, circumstances, delays, attempts, run };
}
const failing = (): Promise<string> => Promise.reject(upstream);
const failingTimes =
  (failures: number) =>
  (attempt: number): Promise<string> =>
    attempt <= failures ? failing() : Promise.resolve(`attempt ${attempt}`);

describe('Retry', () => {
  it('gives the first answer that comes, and tells of each attempt to come', async () => {
    const { run, attempts, delays } = stand();
    expect(await run(failingTimes(2))).toEqual({ beganAt: [0, 50, 150], result: 'attempt 3' });
    expect([attempts, delays]).toEqual([
      [2, 3],
      [50, 100],
    ]);
  });

  it('throws the last error as it is when the attempts are used up', async () => {
    const { run } = stand();
    const errors = [1, 2, 3].map((attempt) => new Error(`attempt ${attempt}`));
    const { beganAt, error } = await run((attempt) => Promise.reject(errors[attempt - 1]!));
    expect(beganAt).toHaveLength(3);
    expect(error).toBe(errors[2]);
  });

  it.each([0, 0.25, 0.999_999])(
    'waits a random part (%d) of a bound that doubles up to its maximum',
    async (random) => {
      const { run, delays } = stand({ random, maxAttempts: 8 });
      await run(failing);
      expect(delays).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000].map((bound) => random * bound));
    },
  );

  it('waits as long as the other side asked for, and no shorter than it would have', async () => {
    const asked = new ServerError('RATE_LIMITED', 'Too many.', { retryAfterMs: 30_000 });
    const retryAfterMs = (error: unknown): number | undefined => (error as ServerError).retryAfterMs;
    const { run } = stand();
    expect((await run(() => Promise.reject(asked), { retryAfterMs })).beganAt).toEqual([0, 30_000, 60_000]);
    const other = stand();
    expect((await other.run(failing, { retryAfterMs: () => 60 })).beganAt).toEqual([0, 60, 160]);
  });

  it.each([
    [150, [0, 50]],
    [151, [0, 50, 150]],
    [0, [0]],
  ])('begins no attempt at or after a deadline at %d ms', async (deadlineAt, beganAt) => {
    const { run } = stand();
    const ended = await run(failing, { deadlineAt });
    expect(ended.beganAt).toEqual(beganAt);
    expect(ended.error).toBe(upstream);
  });

  it('does not wait for what ends beyond the deadline, and spends nothing on it', async () => {
    const { run, circumstances, clock } = stand();
    const before = circumstances.budget.tokens;
    const ended = await run(failing, { retryAfterMs: () => 5_000, deadlineAt: 5_000 });
    expect(ended).toEqual({ beganAt: [0], error: upstream });
    expect(circumstances.budget.tokens).toBe(before);
    expect(clock.pending()).toBe(0);
  });

  it('does not try again for a time that is no number', async () => {
    const { run } = stand();
    expect((await run(failing, { retryAfterMs: () => Number.NaN })).beganAt).toEqual([0]);
  });

  it('does not try again what may not be, or what nothing is left for', async () => {
    const { run } = stand();
    expect(await run(failing, { mayRetry: (error) => error !== upstream })).toEqual({ beganAt: [0], error: upstream });
    const budget = new RetryBudget({ ratio: 0, reserve: 1 });
    expect((await run(failing, { budget })).beganAt).toHaveLength(2);
    expect((await run(failing, { budget })).beganAt).toHaveLength(1);
  });

  it('ends a wait at once when its signal aborts, and leaves no listener or timer', async () => {
    const { retry, circumstances, clock } = stand();
    const abort = new AbortController();
    let runs = 0;
    const call = retry.execute(
      () => {
        runs++;
        return failing();
      },
      { ...circumstances, signalOf: () => abort.signal },
    );
    await settled();
    expect([clock.pending(), getEventListeners(abort.signal, 'abort').length]).toEqual([1, 1]);
    abort.abort(new Error('gone'));
    expect([clock.pending(), getEventListeners(abort.signal, 'abort').length]).toEqual([0, 0]);
    await expect(call).rejects.toThrow('gone');
    await clock.advanceAndSettle(10_000);
    expect(runs).toBe(1);
  });

  it('leaves no listener after a wait that passed', async () => {
    const { run } = stand();
    const abort = new AbortController();
    await run(failingTimes(2), { signalOf: () => abort.signal });
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });

  it('throws the error of an attempt whose signal was aborted, and spends nothing', async () => {
    const { run, circumstances, attempts } = stand();
    const before = circumstances.budget.tokens;
    expect(await run(failing, { signalOf: () => AbortSignal.abort() })).toEqual({ beganAt: [0], error: upstream });
    expect([circumstances.budget.tokens, attempts]).toEqual([before, []]);
  });

  it('does not wait when what is told of the retry aborts it', async () => {
    const { run } = stand();
    const abort = new AbortController();
    const ended = await run(failing, {
      signalOf: () => abort.signal,
      onRetry: () => abort.abort(new Error('no more')),
    });
    expect(ended).toMatchObject({ beganAt: [0], error: { message: 'no more' } });
  });

  it('adds at most a tenth and three to 10,000 calls of a total outage, and none after a deadline', async () => {
    const clock = new ManualClock();
    let seed = 7;
    const random = (): number => (seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
    const retry = new Retry(RETRY_DEFAULTS, clock, random);
    const budget = new RetryBudget({});
    let attempts = 0;
    let afterDeadline = 0;
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 10_000; i++) {
      const deadlineAt = clock.now() + 500;
      const work = (): Promise<string> => {
        attempts++;
        if (clock.now() >= deadlineAt) afterDeadline++;
        return failing();
      };
      calls.push(
        retry
          .execute(work, { mayRetry: () => true, retryAfterMs: () => undefined, deadlineAt, budget })
          .catch((error: unknown) => expect(error).toBe(upstream)),
      );
      if (i % 10 === 0) await clock.advanceAndSettle(60);
    }
    await clock.advanceAndSettle(10_000);
    await Promise.all(calls);
    expect(attempts).toBeLessThanOrEqual(10_000 * 1.1 + 3);
    // It is a budget, not a ban.
    expect(attempts).toBeGreaterThan(10_000 * 1.08);
    expect(afterDeadline).toBe(0);
    expect(clock.pending()).toBe(0);
  });
});
