import type { BreakerSettings } from '@app/recovery';
import { definePolicy } from './policy.js';

export interface DependsOnOptions {
  /**
   * Name of what the tool cannot work without, e.g. `postgres`. Breaker, retry budget and places are shared by all
   * tools that name the same one. A function where the caller chooses: each value has a breaker of its own per tenant.
   */
  readonly dependency: string | ((input: never) => string);
  readonly breaker?: Partial<BreakerSettings>;
}

/** Names the dependency whose failures open a circuit breaker. */
export const DependsOn = definePolicy<DependsOnOptions>('depends_on');
