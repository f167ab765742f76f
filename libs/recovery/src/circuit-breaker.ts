import { ServerError } from '@app/mcp';
import type { BreakerSettings } from './breaker-settings.js';
import type { Clock } from './clock.js';
import { type Ending, GivenPermit, type Permit, type Refused } from './permit.js';
import { Ramp } from './ramp.js';
import { RollingWindow } from './rolling-window.js';

export type BreakerState = 'closed' | 'open' | 'half_open' | 'ramping';
export type BreakerListener = (from: BreakerState, to: BreakerState) => void;

/** Told to those who are refused while probes are under way or the share of a ramp is used up. */
const SOON_MS = 1_000;
const MAX_LISTENERS = 16;
/** A ramp bears this part of the failures that the closed state bears: more load is still to come. */
const RAMP_STRICTNESS = 0.5;

/**
 * Stops calls to a dependency that fails or is slow, and lets them back by degrees: a few probes, then a growing share.
 * Time is looked at when a call asks or ends: a breaker has no timer, and `state` is what the last call left.
 */
export class CircuitBreaker {
  private readonly window: RollingWindow;
  private readonly ramp: Ramp;
  private readonly listeners = new Set<BreakerListener>();
  private phase: BreakerState = 'closed';
  /** Goes up with every change of state and step back; how a call of an earlier epoch ended means nothing here. */
  private epoch = 0;
  private consecutive = 0;
  private openUntil = 0;
  /** When a call last asked while it was not closed. */
  private askedAt = 0;
  /** Under way, the oldest first. */
  private readonly probes = new Set<GivenPermit>();
  private probesPassed = 0;
  private slowProbes = 0;

  constructor(
    readonly dependency: string,
    private readonly settings: BreakerSettings,
    private readonly clock: Clock,
  ) {
    this.window = new RollingWindow(settings.windowMs);
    this.ramp = new Ramp(settings.rampShares, settings.rampMs);
  }

  get state(): BreakerState {
    return this.phase;
  }

  /** Closed, or nobody has asked for so long after it last refused that all it knew is out of date. */
  get isForgettable(): boolean {
    return (
      this.phase === 'closed' ||
      this.clock.now() - Math.max(this.askedAt, this.openUntil) >= this.settings.windowMs + this.settings.probeTimeoutMs
    );
  }

  /**
   * The new state stands when listeners are told. What one throws reaches the call that caused the change.
   * @returns ends the listening
   * @throws RangeError when there are too many
   */
  onTransition(listener: BreakerListener): () => void {
    if (this.listeners.size >= MAX_LISTENERS) throw new RangeError(`More than ${MAX_LISTENERS} listeners`);
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  admit(): Permit | Refused {
    const now = this.clock.now();
    if (this.phase === 'closed') return this.permit(now);
    this.askedAt = now;
    switch (this.catchUp(now)) {
      case 'closed':
        return this.permit(now);
      case 'ramping':
        return this.ramp.take() ? this.permit(now) : { retryAfterMs: SOON_MS };
      case 'open':
        if (now < this.openUntil) return { retryAfterMs: Math.ceil(this.openUntil - now) };
        this.become('half_open');
        return this.admitProbe(now);
      case 'half_open':
        return this.admitProbe(now);
    }
  }

  /**
   * @param counts whether a failure speaks against the dependency; where it throws, the failure does
   * @throws ServerError CIRCUIT_OPEN, or what `work` throws
   */
  async execute<T>(work: () => Promise<T>, counts: (error: unknown) => boolean): Promise<T> {
    const permit = this.admit();
    if ('retryAfterMs' in permit)
      throw new ServerError('CIRCUIT_OPEN', `Calls to ${this.dependency} pause: too many failed or were slow.`, permit);
    let result: T;
    try {
      result = await work();
    } catch (error) {
      let isFault = true;
      try {
        isFault = counts(error);
      } finally {
        if (isFault) permit.fail();
        else permit.ignore();
      }
      throw error;
    }
    permit.succeed();
    return result;
  }

  private permit(now: number): GivenPermit {
    return new GivenPermit(this.epoch, now, this.settle);
  }

  private admitProbe(now: number): Permit | Refused {
    if (this.probes.size + this.probesPassed >= this.settings.halfOpenProbes) return { retryAfterMs: SOON_MS };
    const probe = this.permit(now);
    this.probes.add(probe);
    return probe;
  }

  /** Makes the changes that time alone brings, as of the moment when they were due. */
  private catchUp(now: number): BreakerState {
    if (this.phase === 'half_open') {
      const [oldest] = this.probes;
      const dueAt = (oldest?.startedAt ?? Infinity) + this.settings.probeTimeoutMs;
      if (now >= dueAt) this.open(dueAt);
    } else if (this.phase === 'ramping') {
      const isHigher = this.ramp.advance(now);
      if (this.ramp.isOver) this.become('closed');
      else if (isHigher) this.window.clear();
    }
    return this.phase;
  }

  private readonly settle = (permit: GivenPermit, ending: Ending): void => {
    if (permit.epoch !== this.epoch) return;
    const now = this.clock.now();
    if (this.phase !== 'closed') {
      this.catchUp(now);
      if (permit.epoch !== this.epoch) return;
      this.probes.delete(permit);
    }
    if (ending === 'nothing') return;
    const isFailure = ending === 'failure';
    const isSlow = now - permit.startedAt > this.settings.slowCallMs;
    if (this.phase === 'half_open') this.judgeProbe(now, isFailure, isSlow);
    else this.count(now, isFailure, isSlow);
  };

  private judgeProbe(now: number, isFailure: boolean, isSlow: boolean): void {
    if (isFailure) return this.open(now);
    if (isSlow) this.slowProbes++;
    if (++this.probesPassed < this.settings.halfOpenProbes) return;
    if (this.slowProbes / this.probesPassed >= this.settings.slowRatio) return this.open(now);
    this.ramp.begin(now);
    this.become('ramping');
  }

  /** Judges when a call ended badly: a good one never opens a breaker. */
  private count(now: number, isFailure: boolean, isSlow: boolean): void {
    this.consecutive = isFailure ? this.consecutive + 1 : 0;
    this.window.add(now, isFailure, isSlow);
    if (!isFailure && !isSlow) return;
    if (this.phase === 'ramping') {
      if (this.isRampTooSteep(now, isFailure)) this.stepBack(now);
    } else if (
      this.consecutive >= this.settings.consecutiveFailures ||
      this.exceeds(now, this.settings.failureRatio) === true
    )
      this.open(now);
  }

  /**
   * One failure is enough, until the share has borne so many calls that a proportion can be told: else a busy
   * dependency of which one call in a hundred always fails would never come back.
   */
  private isRampTooSteep(now: number, isFailure: boolean): boolean {
    return this.exceeds(now, this.settings.failureRatio * RAMP_STRICTNESS) ?? isFailure;
  }

  /** undefined while too few calls have ended to tell. */
  private exceeds(now: number, failureRatio: number): boolean | undefined {
    const { calls, failures, slow } = this.window.tally(now);
    if (calls < this.settings.minimumCalls) return undefined;
    return failures / calls >= failureRatio || slow / calls >= this.settings.slowRatio;
  }

  private stepBack(now: number): void {
    if (!this.ramp.stepBack(now)) return this.open(now);
    // Calls that failed together are one reason to step back, not many.
    this.epoch++;
    this.window.clear();
  }

  private open(at: number): void {
    this.openUntil = at + this.settings.openMs;
    this.become('open');
  }

  private become(to: BreakerState): void {
    const from = this.phase;
    this.phase = to;
    this.epoch++;
    this.consecutive = 0;
    this.probes.clear();
    this.probesPassed = 0;
    this.slowProbes = 0;
    this.window.clear();
    const thrown: unknown[] = [];
    for (const listener of this.listeners)
      try {
        listener(from, to);
      } catch (error) {
        thrown.push(error);
      }
    if (thrown.length > 0) throw thrown[0];
  }
}
