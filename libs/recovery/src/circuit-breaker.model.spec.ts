import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@app/testing';
import fc from 'fast-check';
import { type BreakerSettings, completeBreakerSettings } from './breaker-settings.js';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.js';
import type { Permit } from './permit.js';

const SCHEDULES = 10_000;
const TICK_MS = 10;
/** Small, so that a short schedule passes every state. All times are whole ticks, all shares exact in binary. */
const SETTINGS: BreakerSettings = completeBreakerSettings({
  windowMs: 240,
  minimumCalls: 6,
  failureRatio: 0.5,
  slowRatio: 0.75,
  slowCallMs: 50,
  consecutiveFailures: 3,
  openMs: 60,
  halfOpenProbes: 2,
  probeTimeoutMs: 100,
  rampShares: [0.25, 0.5],
  rampMs: 160,
});

interface ModelCall {
  readonly era: number;
  readonly startedAt: number;
  isDone: boolean;
}

/** The rules said again, as plainly as they can be: all outcomes in a list, and time that passes tick by tick. */
class Model {
  state: BreakerState = 'closed';
  private now = 0;
  private era = 0;
  private since = 0;
  private outcomes: { at: number; failed: boolean; slow: boolean }[] = [];
  private probes: ModelCall[] = [];
  private level = 0;
  private owed = 0;

  advance(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.now += TICK_MS;
      if (this.probes.some(({ isDone, startedAt }) => !isDone && this.now - startedAt === SETTINGS.probeTimeoutMs))
        this.enter('open');
      if (this.state === 'ramping' && this.now - this.since === SETTINGS.rampMs / SETTINGS.rampShares.length) {
        if (this.level === SETTINGS.rampShares.length - 1) this.enter('closed');
        else this.climb(this.level + 1);
      }
    }
  }

  admit(): ModelCall | number {
    if (this.state === 'open') {
      if (this.now < this.since + SETTINGS.openMs) return this.since + SETTINGS.openMs - this.now;
      this.enter('half_open');
    }
    const call = { era: this.era, startedAt: this.now, isDone: false };
    if (this.state === 'half_open') {
      if (this.probes.length === SETTINGS.halfOpenProbes) return 1_000;
      this.probes.push(call);
    }
    if (this.state === 'ramping') {
      const before = Math.floor(this.owed);
      this.owed += SETTINGS.rampShares[this.level]!;
      if (Math.floor(this.owed) === before) return 1_000;
    }
    return call;
  }

  end(call: ModelCall, how: 'success' | 'failure' | 'nothing'): void {
    call.isDone = true;
    if (call.era !== this.era) return;
    if (how === 'nothing') {
      this.probes = this.probes.filter((probe) => probe !== call);
      return;
    }
    const failed = how === 'failure';
    const slow = this.now - call.startedAt > SETTINGS.slowCallMs;
    this.outcomes.push({ at: this.now, failed, slow });
    if (this.state === 'half_open') this.afterProbe(failed);
    else if (this.state === 'closed') this.afterCall(failed || slow);
    else this.afterRampCall(failed, failed || slow);
  }

  private afterProbe(failed: boolean): void {
    if (failed) return this.enter('open');
    if (this.outcomes.length < SETTINGS.halfOpenProbes) return;
    if (this.outcomes.filter(({ slow }) => slow).length / this.outcomes.length >= SETTINGS.slowRatio)
      return this.enter('open');
    this.enter('ramping');
  }

  private afterCall(bad: boolean): void {
    const last = this.outcomes.slice(-SETTINGS.consecutiveFailures);
    const inARow = last.length === SETTINGS.consecutiveFailures && last.every(({ failed }) => failed);
    if (inARow || (bad && this.tooMany(SETTINGS.failureRatio) === true)) this.enter('open');
  }

  private afterRampCall(failed: boolean, bad: boolean): void {
    if (!bad || !(this.tooMany(SETTINGS.failureRatio / 2) ?? failed)) return;
    if (this.level === 0) return this.enter('open');
    this.era++;
    this.owed = 0;
    this.climb(this.level - 1);
  }

  private tooMany(failureRatio: number): boolean | undefined {
    const spanOf = (at: number): number => Math.floor(at / (SETTINGS.windowMs / 12));
    const recent = this.outcomes.filter(({ at }) => spanOf(this.now) - spanOf(at) < 12);
    if (recent.length < SETTINGS.minimumCalls) return undefined;
    const share = (what: 'failed' | 'slow'): number => recent.filter((one) => one[what]).length / recent.length;
    return share('failed') >= failureRatio || share('slow') >= SETTINGS.slowRatio;
  }

  private climb(level: number): void {
    this.level = level;
    this.since = this.now;
    this.outcomes = [];
  }

  private enter(state: BreakerState): void {
    this.state = state;
    this.era++;
    this.probes = [];
    this.owed = 0;
    this.climb(0);
  }
}

/** One step: what to do (of a hundred), and with which of the calls under way, or for how many ticks. */
const step = fc.tuple(fc.nat(99), fc.nat(15));
/** Runs of steps in which most calls go well, or most go badly, so that the breaker goes both ways. */
const phase = fc.tuple(fc.constantFrom(0, 10, 50, 90), fc.array(step, { minLength: 10, maxLength: 30, size: 'max' }));
const schedule = fc.array(phase, { minLength: 2, maxLength: 5, size: 'max' });
type Phases = readonly (readonly [number, readonly (readonly [number, number])[]])[];

/** Plays one schedule on both. @throws where they differ */
function play(phases: Phases, onTransition: (edge: string) => void): void {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker('upstream', SETTINGS, clock);
  breaker.onTransition((from, to) => onTransition(`${from}>${to}`));
  const model = new Model();
  const underWay: { permit: Permit; call: ModelCall }[] = [];
  const admit = (): void => {
    const answer = breaker.admit();
    const expected = model.admit();
    const found = `${breaker.state} ${'retryAfterMs' in answer ? answer.retryAfterMs : 'admitted'}`;
    const due = `${model.state} ${typeof expected === 'number' ? expected : 'admitted'}`;
    if (found !== due) throw new Error(`expected ${due}, found ${found}`);
    if (!('retryAfterMs' in answer) && typeof expected !== 'number') underWay.push({ permit: answer, call: expected });
  };
  const end = (index: number, how: 'success' | 'failure' | 'nothing'): void => {
    const [one] = underWay.splice(index, 1);
    if (one === undefined) return;
    if (how === 'nothing') one.permit.ignore();
    else if (how === 'failure') one.permit.fail();
    else one.permit.succeed();
    model.end(one.call, how);
  };
  for (const [failurePercent, steps] of phases)
    for (const [what, which] of steps) {
      const how = (what * 53 + which * 17) % 100 < failurePercent ? 'failure' : 'success';
      if (what < 50) admit();
      if (what >= 30 && what < 50) end(underWay.length - 1, how);
      else if (what >= 50 && what < 75) end(which % Math.max(1, underWay.length), how);
      else if (what >= 75 && what < 80) end(0, 'nothing');
      else if (what >= 80) {
        clock.advance(which * TICK_MS);
        model.advance(which);
      }
    }
}

describe('CircuitBreaker', () => {
  it(`does what the model does in ${SCHEDULES} schedules`, () => {
    const seen = new Map<string, number>();
    const note = (edge: string): void => void seen.set(edge, (seen.get(edge) ?? 0) + 1);
    fc.assert(
      fc.property(schedule, (phases) => play(phases, note)),
      { numRuns: SCHEDULES, seed: 20_240_601 },
    );
    // The schedules are worth something only if they pass every edge of the state machine.
    expect(
      [...seen]
        .filter(([, count]) => count >= 200)
        .map(([edge]) => edge)
        .sort(),
    ).toEqual([
      'closed>open',
      'half_open>open',
      'half_open>ramping',
      'open>half_open',
      'ramping>closed',
      'ramping>open',
    ]);
  });
});
