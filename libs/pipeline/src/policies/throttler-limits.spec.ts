import { describe, expect, it } from '@jest/globals';
import { SkipThrottle, Throttle } from '@nestjs/throttler';
import { CallLimits } from './call-limits.policy.js';
import { Policies } from './policy.js';

@Throttle({ default: { limit: 10, ttl: 1_000 } })
class Throttled {
  plain(): void {}

  @Throttle({ default: { limit: 3, ttl: 500 } })
  tighter(): void {}

  @SkipThrottle()
  free(): void {}

  @Throttle({ default: { limit: 3, ttl: 500 } })
  @CallLimits({ callsPerWindow: 2, concurrency: 1 })
  both(): void {}
}
class Plain {
  plain(): void {}
}

describe('the decorators of @nestjs/throttler', () => {
  it.each([
    ['plain', { callsPerWindow: 10, windowMs: 1_000 }],
    ['tighter', { callsPerWindow: 3, windowMs: 500 }],
    ['free', { callsPerWindow: Infinity, windowMs: 1_000 }],
    ['both', { callsPerWindow: 2, windowMs: 500, concurrency: 1 }],
  ] as const)('limit a tool as they do a route: %s', (name, limits) => {
    expect(Policies.of(Throttled.prototype[name], Throttled).get(CallLimits)).toEqual(limits);
  });

  it('say nothing where they are not', () => {
    expect(Policies.of(Plain.prototype.plain, Plain).get(CallLimits)).toBeUndefined();
  });
});
