import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { ServerError } from '@app/mcp';
import { ManualClock } from '@app/testing';
import { type BreakerSettings, completeBreakerSettings } from './breaker-settings.js';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.js';
import type { Permit, Refused } from './permit.js';

interface Stand {
  readonly clock: ManualClock;
  readonly breaker: CircuitBreaker;
  /** Every change of state, as `from>to`. */
  readonly changes: string[];
}

function stand(given: Partial<BreakerSettings> = {}): Stand {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker('billing', completeBreakerSettings(given), clock);
  const changes: string[] = [];
  breaker.onTransition((from, to) => changes.push(`${from}>${to}`));
  return { clock, breaker, changes };
}

const isPermit = (answer: Permit | Refused): answer is Permit => !('retryAfterMs' in answer);
function admitted(breaker: CircuitBreaker): Permit {
  const answer = breaker.admit();
  if (!isPermit(answer)) throw new Error(`refused while ${breaker.state}`);
  return answer;
}
function times(count: number, act: () => void): void {
  for (let i = 0; i < count; i++) act();
}
const succeed = (breaker: CircuitBreaker, count = 1): void => times(count, () => admitted(breaker).succeed());
const fail = (breaker: CircuitBreaker, count = 1): void => times(count, () => admitted(breaker).fail());
/** How many of so many callers at once are let through. */
const through = (breaker: CircuitBreaker, callers: number): Permit[] =>
  Array.from({ length: callers }, () => breaker.admit()).filter(isPermit);

/** To the state after three good probes. */
function toRamp({ clock, breaker }: Stand): void {
  fail(breaker, 5);
  clock.advance(10_000);
  succeed(breaker, 3);
  expect(breaker.state).toBe('ramping');
}

describe('CircuitBreaker, closed', () => {
  it('opens at half of ten calls failed, not before the tenth', () => {
    const { breaker } = stand();
    times(4, () => {
      fail(breaker);
      succeed(breaker);
    });
    fail(breaker);
    expect(breaker.state).toBe('closed');
    fail(breaker);
    expect(breaker.state).toBe('open');
  });

  it('opens after ten calls that come once a second, of which each fails', () => {
    const { clock, breaker } = stand({ consecutiveFailures: 1_000 });
    let calls = 0;
    while (breaker.state === 'closed' && calls < 120) {
      fail(breaker);
      calls++;
      clock.advance(1_000);
    }
    expect(calls).toBe(10);
  });

  it('opens after five failures one after the other, however few calls there were; a success starts the count anew', () => {
    const { breaker } = stand();
    fail(breaker, 4);
    succeed(breaker);
    fail(breaker, 4);
    expect(breaker.state).toBe('closed');
    const other = stand();
    fail(other.breaker, 5);
    expect(other.breaker.state).toBe('open');
  });

  it('opens when eight of ten calls are slow, though all succeed', () => {
    const { clock, breaker } = stand();
    const call = (ms: number): void => {
      const permit = admitted(breaker);
      clock.advance(ms);
      permit.succeed();
    };
    times(2, () => call(5_000));
    times(7, () => call(5_001));
    expect(breaker.state).toBe('closed');
    call(5_001);
    expect(breaker.state).toBe('open');
  });

  it.each([0, 1_000_000])('does not count what is older than the window, at %d ms of the clock', (startMs) => {
    const { clock, breaker } = stand({ consecutiveFailures: 1_000 });
    clock.advance(startMs);
    fail(breaker, 9);
    clock.advance(60_000);
    fail(breaker, 9);
    expect(breaker.state).toBe('closed');
    clock.advance(3_600_000);
    fail(breaker, 3);
    expect(breaker.state).toBe('closed');
  });

  it('forgets what it counted before it opened, also while the clock is younger than the window', () => {
    const { clock, breaker } = stand({ windowMs: 600_000, rampShares: [] });
    fail(breaker, 5);
    clock.advance(10_000);
    succeed(breaker, 3);
    succeed(breaker);
    expect(breaker.state).toBe('closed');
    fail(breaker, 4);
    expect(breaker.state).toBe('closed');
    succeed(breaker, 3);
    fail(breaker, 2);
    expect(breaker.state).toBe('open');
  });

  it('stays closed through a thousand faults of callers, which make up no share either', async () => {
    const { breaker, changes } = stand();
    const fault = new Error('bad input');
    for (let i = 0; i < 1_000; i++)
      await expect(
        breaker.execute(
          () => Promise.reject(fault),
          () => false,
        ),
      ).rejects.toBe(fault);
    fail(breaker, 4);
    expect(breaker.state).toBe('closed');
    expect(changes).toEqual([]);
    // They are no successes in between either.
    admitted(breaker).ignore();
    fail(breaker);
    expect(breaker.state).toBe('open');
  });

  it('counts only the first ending of a permit', () => {
    const { breaker } = stand();
    const permit = admitted(breaker);
    times(10, () => permit.fail());
    expect(breaker.state).toBe('closed');
    const ignored = admitted(breaker);
    ignored.ignore();
    ignored.fail();
    fail(breaker, 3);
    expect(breaker.state).toBe('closed');
  });
});

describe('CircuitBreaker, open', () => {
  it('refuses at once with the rest of its pause, in words that name only the dependency', async () => {
    const { clock, breaker } = stand();
    fail(breaker, 5);
    clock.advance(2_500);
    let ran = false;
    const refusal = breaker.execute(
      () => {
        ran = true;
        return Promise.resolve();
      },
      () => true,
    );
    await expect(refusal).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryable: true,
      retryAfterMs: 7_500,
      message: 'Calls to billing pause: too many failed or were slow.',
    } satisfies Partial<ServerError>);
    expect(ran).toBe(false);
  });

  it('is not disturbed by calls let through before', () => {
    const { clock, breaker, changes } = stand();
    const early = Array.from({ length: 10 }, () => admitted(breaker));
    fail(breaker, 5);
    early[0]!.fail();
    early[1]!.succeed();
    clock.advance(10_000);
    const probe = admitted(breaker);
    early[2]!.fail();
    early[3]!.succeed();
    early[4]!.ignore();
    expect(breaker.state).toBe('half_open');
    // None of them was a probe, or freed the place of one.
    expect(through(breaker, 10)).toHaveLength(2);
    probe.succeed();
    expect(breaker.state).toBe('half_open');
    expect(changes).toEqual(['closed>open', 'open>half_open']);
  });
});

describe('CircuitBreaker, half open', () => {
  it('lets exactly three of a thousand callers at once through, and none is stuck', async () => {
    const { clock, breaker } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const upstream = Promise.withResolvers<string>();
    let probes = 0;
    const calls = Array.from({ length: 1_000 }, () =>
      breaker.execute(
        () => {
          probes++;
          return upstream.promise;
        },
        () => true,
      ),
    );
    const refused = await Promise.allSettled(calls.slice(3));
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    upstream.resolve('works');
    expect(await Promise.all(calls.slice(0, 3))).toEqual(['works', 'works', 'works']);
    expect(probes).toBe(3);
    expect(breaker.state).toBe('ramping');
  });

  it('lets three through in all, not three at a time', () => {
    const { clock, breaker } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const [first, second, third] = through(breaker, 3);
    first!.succeed();
    second!.succeed();
    expect(through(breaker, 100)).toHaveLength(0);
    third!.succeed();
    expect(breaker.state).toBe('ramping');
  });

  it('opens at the first probe that fails, and does not listen to the others', () => {
    const { clock, breaker, changes } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const [first, second, third] = through(breaker, 3);
    first!.fail();
    second!.succeed();
    third!.fail();
    expect(breaker.admit()).toEqual({ retryAfterMs: 10_000 });
    expect(changes).toEqual(['closed>open', 'open>half_open', 'half_open>open']);
  });

  it('gives the place of an ignored probe to another', () => {
    const { clock, breaker } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const [first] = through(breaker, 3);
    first!.ignore();
    expect(through(breaker, 10)).toHaveLength(1);
  });

  it('counts a probe that never ends as failed at its timeout, and goes on from there', () => {
    const { clock, breaker, changes } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const hung = admitted(breaker);
    succeed(breaker, 2);
    clock.advance(29_999);
    expect(breaker.admit()).toEqual({ retryAfterMs: 1_000 });
    expect(breaker.state).toBe('half_open');
    clock.advance(1);
    expect(breaker.admit()).toEqual({ retryAfterMs: 10_000 });
    hung.succeed();
    expect(breaker.state).toBe('open');
    clock.advance(10_000);
    succeed(breaker, 3);
    expect(changes.slice(2)).toEqual(['half_open>open', 'open>half_open', 'half_open>ramping']);
  });

  it('judges the timeout by the time it was due, though nobody asked then', () => {
    const { clock, breaker } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const late = admitted(breaker);
    clock.advance(35_000);
    late.succeed();
    expect(breaker.state).toBe('open');
    clock.advance(5_000);
    expect(through(breaker, 10)).toHaveLength(3);
  });

  it('does not come back while the probes are slow, but bears one slow among three', () => {
    const slow = stand();
    fail(slow.breaker, 5);
    slow.clock.advance(10_000);
    const probes = through(slow.breaker, 3);
    slow.clock.advance(6_000);
    for (const probe of probes) probe.succeed();
    expect(slow.breaker.state).toBe('open');
    slow.clock.advance(10_000);
    const [first, second, third] = through(slow.breaker, 3);
    first!.succeed();
    second!.succeed();
    slow.clock.advance(6_000);
    third!.succeed();
    expect(slow.breaker.state).toBe('ramping');
  });
});

describe('CircuitBreaker, ramping', () => {
  it('lets a growing share through, then all', () => {
    const given = stand();
    const { clock, breaker } = given;
    toRamp(given);
    const shares = [0, 1, 2, 3].map(() => {
      // 100 callers a second for a step of ten seconds.
      let passed = 0;
      times(10, () => {
        const permits = through(breaker, 100);
        passed += permits.length;
        for (const permit of permits) permit.succeed();
        clock.advance(1_000);
      });
      return passed / 1_000;
    });
    [0.1, 0.25, 0.5, 1].forEach((share, step) => {
      expect(shares[step]).toBeGreaterThanOrEqual(share * 0.9);
      expect(shares[step]).toBeLessThanOrEqual(share);
    });
    expect(breaker.state).toBe('closed');
  });

  it('spreads the share evenly', () => {
    const given = stand();
    toRamp(given);
    const passes = Array.from({ length: 40 }, () => isPermit(given.breaker.admit()));
    expect(passes.flatMap((passed, call) => (passed ? [call] : []))).toEqual([9, 19, 29, 39]);
  });

  /** Callers until one is let through. */
  function next(breaker: CircuitBreaker): Permit {
    for (let i = 0; i < 10; i++) {
      const answer = breaker.admit();
      if (isPermit(answer)) return answer;
    }
    throw new Error('none of ten was let through');
  }

  it('steps back one share at a failure, and opens at the first', () => {
    const given = stand();
    const { clock, breaker } = given;
    toRamp(given);
    clock.advance(20_000);
    expect(through(breaker, 100)).toHaveLength(50);
    next(breaker).fail();
    expect(through(breaker, 100)).toHaveLength(25);
    next(breaker).fail();
    expect(through(breaker, 100)).toHaveLength(10);
    next(breaker).fail();
    expect(breaker.state).toBe('open');
  });

  it('takes the full time of a step again after stepping back', () => {
    const given = stand();
    const { clock, breaker } = given;
    toRamp(given);
    clock.advance(19_999);
    next(breaker).fail();
    clock.advance(9_999);
    expect(through(breaker, 100)).toHaveLength(10);
    clock.advance(1);
    expect(through(breaker, 100)).toHaveLength(25);
  });

  it('takes calls that failed together for one reason to step back', () => {
    const given = stand();
    const { clock, breaker } = given;
    toRamp(given);
    clock.advance(20_000);
    for (const permit of through(breaker, 20)) permit.fail();
    expect(breaker.state).toBe('ramping');
    expect(through(breaker, 100)).toHaveLength(25);
  });

  it('steps back for a call of a lower share that fails now', () => {
    const given = stand();
    const { clock, breaker } = given;
    toRamp(given);
    const early = next(breaker);
    clock.advance(20_000);
    early.fail();
    expect(through(breaker, 100)).toHaveLength(25);
  });

  it('comes back though one call in a hundred always fails', () => {
    const given = stand();
    const { clock, breaker, changes } = given;
    toRamp(given);
    let calls = 0;
    times(300, () => {
      for (const permit of through(breaker, 1_000)) {
        if (++calls % 100 === 0) permit.fail();
        else permit.succeed();
      }
      clock.advance(100);
    });
    succeed(breaker);
    expect(breaker.state).toBe('closed');
    expect(changes.slice(3)).toEqual(['ramping>closed']);
  });

  it('steps back when a quarter of many calls fails, or most of them are slow', () => {
    const given = stand();
    const { clock, breaker } = given;
    toRamp(given);
    clock.advance(20_000);
    const failing = through(breaker, 80);
    for (const permit of failing.splice(0, 30)) permit.succeed();
    for (const permit of failing.splice(0, 9)) permit.fail();
    expect(through(breaker, 20)).toHaveLength(10);
    failing.pop()!.fail();
    expect(through(breaker, 100)).toHaveLength(25);
    const slow = through(breaker, 40);
    expect(slow).toHaveLength(10);
    clock.advance(6_000);
    for (const permit of slow) permit.succeed();
    expect(through(breaker, 100)).toHaveLength(10);
  });

  it('does not flap while the dependency bears half of the load, and comes back when it bears all', () => {
    const given = stand();
    const { clock, breaker, changes } = given;
    toRamp(given);
    // 100 callers a second; it bears 50 until the half minute is over.
    for (let second = 0; second < 40; second++) {
      const capacity = second < 30 ? 50 : 100;
      through(breaker, 100).forEach((permit, index) => (index < capacity ? permit.succeed() : permit.fail()));
      clock.advance(1_000);
    }
    expect(breaker.state).toBe('closed');
    expect(changes.filter((change) => change.endsWith('>open'))).toHaveLength(1);
  });
});

describe('CircuitBreaker, around', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  function traceWith(wallClock: () => number): string[] {
    jest.spyOn(Date, 'now').mockImplementation(wallClock);
    const given = stand();
    const { clock, breaker, changes } = given;
    const trace: string[] = [];
    for (let second = 0; second < 200; second++) {
      const answer = breaker.admit();
      if (isPermit(answer)) {
        if (second % 60 < 20) answer.fail();
        else answer.succeed();
      }
      trace.push(`${second} ${breaker.state} ${isPermit(answer) ? 'passed' : answer.retryAfterMs}`);
      clock.advance(1_000);
    }
    jest.restoreAllMocks();
    return [...trace, ...changes];
  }

  it('does not care for the clock on the wall', () => {
    let steps = 0;
    const steady = traceWith(() => 1_700_000_000_000);
    const jumping = traceWith(() => 1_700_000_000_000 + (++steps % 2 === 0 ? 3_600_000 : -3_600_000));
    expect(jumping).toEqual(steady);
    expect(steady.join()).toContain('ramping>closed');
  });

  it('tells listeners after the change, until they stop, and all of them though one throws', () => {
    const { breaker } = stand();
    const seen: BreakerState[] = [];
    breaker.onTransition(() => {
      throw new Error('listener broken');
    });
    const stop = breaker.onTransition((_, to) => {
      seen.push(to);
      expect(breaker.state).toBe(to);
    });
    fail(breaker, 4);
    expect(() => fail(breaker)).toThrow('listener broken');
    expect(seen).toEqual(['open']);
    expect(breaker.state).toBe('open');
    stop();
    stop();
  });

  it('bounds its listeners', () => {
    const { breaker } = stand();
    const stops = Array.from({ length: 15 }, () => breaker.onTransition(() => undefined));
    expect(() => breaker.onTransition(() => undefined)).toThrow(RangeError);
    stops[0]!();
    expect(() => breaker.onTransition(() => undefined)).not.toThrow();
  });

  it('frees the probe of a call whose failure could not be judged, and counts it', async () => {
    const { clock, breaker } = stand();
    fail(breaker, 5);
    clock.advance(10_000);
    const call = breaker.execute(
      () => Promise.reject(new Error('upstream')),
      () => {
        throw new Error('judge broken');
      },
    );
    await expect(call).rejects.toThrow('judge broken');
    expect(breaker.state).toBe('open');
  });

  it('takes work that throws at once for work that fails', async () => {
    const { breaker } = stand({ consecutiveFailures: 1 });
    const call = breaker.execute(
      () => {
        throw new Error('at once');
      },
      () => true,
    );
    await expect(call).rejects.toThrow('at once');
    expect(breaker.state).toBe('open');
  });

  it.each<[Partial<BreakerSettings>, string]>([
    [{ minimumCalls: 0 }, 'minimumCalls'],
    [{ failureRatio: 0 }, 'failureRatio'],
    [{ slowRatio: 1.1 }, 'slowRatio'],
    [{ halfOpenProbes: Number.NaN }, 'halfOpenProbes'],
    [{ openMs: -1 }, 'openMs'],
    [{ rampShares: [0.5, 0.25] }, 'rampShares'],
    [{ rampShares: [1] }, 'rampShares'],
  ])('refuses settings that make no sense: %j', (given, name) => {
    expect(() => completeBreakerSettings(given)).toThrow(name);
  });

  it('takes what is not given from the defaults', () => {
    expect(completeBreakerSettings({ openMs: undefined, minimumCalls: 3 })).toMatchObject({
      openMs: 10_000,
      minimumCalls: 3,
    });
  });
});
