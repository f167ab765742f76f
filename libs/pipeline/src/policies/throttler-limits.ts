import 'reflect-metadata';
import type { CallLimitsOptions } from './call-limits.policy.js';

/** Where the decorators of @nestjs/throttler keep what they were given; a test holds these against the library. */
const LIMIT = 'THROTTLER:LIMITdefault';
const TTL = 'THROTTLER:TTLdefault';
const SKIP = 'THROTTLER:SKIPdefault';

/**
 * What `@Throttle({ default: { limit, ttl } })` and `@SkipThrottle()` of @nestjs/throttler say of a method or class, as
 * limits of its calls: they hold for tools as they do for routes. `ttl` is the window in milliseconds.
 */
export function throttlerLimitsOf(holder: object): CallLimitsOptions | undefined {
  if (Reflect.getMetadata(SKIP, holder) === true) return { callsPerWindow: Infinity };
  const limit: unknown = Reflect.getMetadata(LIMIT, holder);
  const ttl: unknown = Reflect.getMetadata(TTL, holder);
  if (limit === undefined && ttl === undefined) return undefined;
  // A limit that is computed per request is none this server could state; at boot it is refused as no number.
  return {
    ...(limit !== undefined && { callsPerWindow: limit as number }),
    ...(ttl !== undefined && { windowMs: ttl as number }),
  };
}
