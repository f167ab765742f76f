import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '@app/testing';
import * as cockatiel from 'cockatiel';
import fc from 'fast-check';
import Opossum from 'opossum';
import { type BreakerSettings, completeBreakerSettings } from './breaker-settings.js';
import { CircuitBreaker } from './circuit-breaker.js';

const NEVER = 1_000_000;
/** Theirs open above their threshold, ours at it. */
const JUST_BELOW_HALF = 0.4999;

const ours = (given: Partial<BreakerSettings>): { breaker: CircuitBreaker; clock: ManualClock } => {
  const clock = new ManualClock();
  return { clock, breaker: new CircuitBreaker('upstream', completeBreakerSettings(given), clock) };
};
const fault = new Error('upstream');
const settle = (fails: boolean) => (): Promise<string> => (fails ? Promise.reject(fault) : Promise.resolve('works'));
const quietly = (call: Promise<unknown>): Promise<void> =>
  call.then(
    () => undefined,
    () => undefined,
  );

/** Which of the calls opens the breaker; -1 for none. */
async function openedBy(
  outcomes: readonly boolean[],
  execute: (work: () => Promise<string>) => Promise<unknown>,
  isOpen: () => boolean,
): Promise<number> {
  for (const [index, fails] of outcomes.entries()) {
    await quietly(execute(settle(fails)));
    if (isOpen()) return index;
  }
  return -1;
}
const oursOpenedBy = (outcomes: readonly boolean[], given: Partial<BreakerSettings>): Promise<number> => {
  const { breaker } = ours(given);
  return openedBy(
    outcomes,
    (work) => breaker.execute(work, () => true),
    () => breaker.state === 'open',
  );
};

const outcomes = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 });

describe('CircuitBreaker beside others', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('opens where a consecutive breaker of cockatiel opens', async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, async (schedule) => {
        const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
          halfOpenAfter: NEVER,
          breaker: new cockatiel.ConsecutiveBreaker(5),
        });
        const theirs = await openedBy(
          schedule,
          (work) => policy.execute(work),
          () => policy.state === cockatiel.CircuitState.Open,
        );
        expect(await oursOpenedBy(schedule, { minimumCalls: NEVER })).toBe(theirs);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('opens where a sampling breaker of cockatiel opens that is told a minimum of ten calls', async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, async (schedule) => {
        const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
          halfOpenAfter: NEVER,
          breaker: new cockatiel.SamplingBreaker({
            threshold: JUST_BELOW_HALF,
            duration: 60_000,
            minimumRps: 10 / 60 - 1e-6,
          }),
        });
        const theirs = await openedBy(
          schedule,
          (work) => policy.execute(work),
          () => policy.state === cockatiel.CircuitState.Open,
        );
        expect(await oursOpenedBy(schedule, { consecutiveFailures: NEVER })).toBe(theirs);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it('opens where opossum opens that is told a minimum of ten calls', async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, async (schedule) => {
        const circuit = new Opossum((work: () => Promise<string>) => work(), {
          timeout: false,
          errorThresholdPercentage: JUST_BELOW_HALF * 100,
          volumeThreshold: 10,
          rollingCountTimeout: 60_000,
          resetTimeout: NEVER,
        });
        try {
          const theirs = await openedBy(
            schedule,
            (work) => circuit.fire(work),
            () => circuit.opened,
          );
          expect(await oursOpenedBy(schedule, { consecutiveFailures: NEVER })).toBe(theirs);
        } finally {
          circuit.shutdown();
        }
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});

describe('CircuitBreaker, where others fall short', () => {
  let wallMs = 1_700_000_000_000;
  const useWall = (): void => void jest.spyOn(Date, 'now').mockImplementation(() => wallMs);
  const sampling = (): cockatiel.CircuitBreakerPolicy =>
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 60_000 }),
    });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('opens after ten calls, one a second, that all fail; a sampling breaker does not in two minutes', async () => {
    useWall();
    const theirs = sampling();
    const { breaker, clock } = ours({ consecutiveFailures: NEVER });
    let openedAfter = 0;
    for (let call = 1; call <= 120; call++) {
      await quietly(theirs.execute(settle(true)));
      await quietly(breaker.execute(settle(true), () => true));
      if (openedAfter === 0 && breaker.state === 'open') openedAfter = call;
      wallMs += 1_000;
      clock.advance(1_000);
    }
    expect(openedAfter).toBe(10);
    expect(theirs.state).toBe(cockatiel.CircuitState.Closed);
  });

  it('stays closed at three failures after an idle hour; a sampling breaker opens for calls of an hour ago', async () => {
    useWall();
    const theirs = sampling();
    const { breaker, clock } = ours({ consecutiveFailures: NEVER });
    // A busy minute just below the threshold.
    for (let second = 0; second < 50; second++) {
      for (let call = 0; call < 20; call++) {
        await quietly(theirs.execute(settle(call % 2 === 1 && second % 10 !== 0)));
        await quietly(breaker.execute(settle(call % 2 === 1 && second % 10 !== 0), () => true));
      }
      wallMs += 1_000;
      clock.advance(1_000);
    }
    expect([theirs.state, breaker.state]).toEqual([cockatiel.CircuitState.Closed, 'closed']);
    wallMs += 3_600_000;
    clock.advance(3_600_000);
    const until = async (isOpen: () => boolean, execute: () => Promise<unknown>): Promise<number> => {
      for (let call = 1; call <= 200; call++) {
        await quietly(execute());
        if (isOpen()) return call;
      }
      return Infinity;
    };
    const theirCalls = await until(
      () => theirs.state === cockatiel.CircuitState.Open,
      () => theirs.execute(settle(true)),
    );
    const ourCalls = await until(
      () => breaker.state === 'open',
      () => breaker.execute(settle(true), () => true),
    );
    // Alone, their 200 failures within one second would not reach the minimum of their window.
    expect(theirCalls).toBeLessThan(Infinity);
    expect(ourCalls).toBe(10);
  });

  it('comes back after its pause though the clock on the wall went back an hour; cockatiel stays open', async () => {
    useWall();
    const theirs = cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(5),
    });
    const { breaker, clock } = ours({});
    for (let call = 0; call < 5; call++) {
      await quietly(theirs.execute(settle(true)));
      await quietly(breaker.execute(settle(true), () => true));
    }
    wallMs += 20_000 - 3_600_000;
    clock.advance(20_000);
    await expect(theirs.execute(settle(false))).rejects.toBeInstanceOf(cockatiel.BrokenCircuitError);
    await expect(breaker.execute(settle(false), () => true)).resolves.toBe('works');
  });

  it('answers all while a probe hangs; callers of cockatiel wait for it', async () => {
    useWall();
    const theirs = cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.ConsecutiveBreaker(5),
    });
    const { breaker, clock } = ours({});
    for (let call = 0; call < 5; call++) {
      await quietly(theirs.execute(settle(true)));
      await quietly(breaker.execute(settle(true), () => true));
    }
    wallMs += 10_000;
    clock.advance(10_000);
    const hang = (): Promise<string> => new Promise(() => undefined);
    let theirAnswers = 0;
    let ourAnswers = 0;
    for (let call = 0; call < 1_000; call++) {
      void quietly(theirs.execute(hang)).then(() => theirAnswers++);
      void quietly(breaker.execute(hang, () => true)).then(() => ourAnswers++);
    }
    await new Promise((done) => void setImmediate(done));
    expect([theirAnswers, ourAnswers]).toEqual([0, 997]);
  });

  it('does not open at the first failure, as opossum does by default', async () => {
    const circuit = new Opossum((work: () => Promise<string>) => work());
    const { breaker } = ours({});
    await quietly(circuit.fire(settle(true)));
    await quietly(breaker.execute(settle(true), () => true));
    expect([circuit.opened, breaker.state]).toEqual([true, 'closed']);
    circuit.shutdown();
  });
});
