import { type BreakerSettings, completeBreakerSettings } from './breaker-settings.js';
import { CircuitBreaker } from './circuit-breaker.js';
import type { Clock } from './clock.js';

const MAX_BREAKERS = 10_000;

/**
 * One breaker per dependency, so that all who need it learn from each other.
 *
 * When there is no room for another, the longest unused of those that hold nothing worth keeping is forgotten: closed
 * ones, and ones nobody has asked for since long after their pause. One that refuses, or whose probes or ramp go on, is
 * never forgotten, or a caller could open the way to a failing host by naming others. Where none can be forgotten, all
 * further names share one breaker: they are neither let through unguarded, nor refused for good because of others; what
 * fails for one of them pauses all of them.
 */
export class CircuitBreakers {
  /** In the order of the last use. */
  private readonly breakers = new Map<string, CircuitBreaker>();
  private readonly shared: CircuitBreaker;

  constructor(
    private readonly clock: Clock,
    private readonly maxBreakers = MAX_BREAKERS,
  ) {
    this.shared = new CircuitBreaker('what has no breaker of its own', completeBreakerSettings(), clock);
  }

  /**
   * @param settings of the first to ask for this dependency
   * @throws RangeError for settings that make no sense
   */
  of(dependency: string, settings?: Partial<BreakerSettings>): CircuitBreaker {
    const known = this.breakers.get(dependency);
    if (known !== undefined) {
      this.breakers.delete(dependency);
      this.breakers.set(dependency, known);
      return known;
    }
    if (this.breakers.size >= this.maxBreakers && !this.forgetOne()) return this.shared;
    const breaker = new CircuitBreaker(dependency, completeBreakerSettings(settings), this.clock);
    this.breakers.set(dependency, breaker);
    return breaker;
  }

  /** What is known of a dependency; asking makes no breaker and is no use of one. */
  find(dependency: string): CircuitBreaker | undefined {
    return this.breakers.get(dependency);
  }

  /** Those with a name of their own. */
  all(): readonly CircuitBreaker[] {
    return [...this.breakers.values()];
  }

  private forgetOne(): boolean {
    for (const [name, { isForgettable }] of this.breakers)
      if (isForgettable) {
        this.breakers.delete(name);
        return true;
      }
    return false;
  }
}
