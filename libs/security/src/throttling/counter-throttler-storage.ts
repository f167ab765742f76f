import type { ThrottlerStorage } from '@nestjs/throttler';
import { CounterStore } from '@app/storage';

type Counted = Awaited<ReturnType<ThrottlerStorage['increment']>>;

const seconds = (ms: number): number => Math.ceil(ms / 1_000);

/**
 * The storage of @nestjs/throttler on the counters all servers share: what limits tools limits routes too. A request
 * is blocked until the window has room again, however long a block was asked for.
 */
export class CounterThrottlerStorage implements ThrottlerStorage {
  constructor(private readonly counters: CounterStore) {}

  /** @param ttl of the window, in ms @returns times in seconds, as the library wants them */
  async increment(key: string, ttl: number, limit: number, _block: number, name: string): Promise<Counted> {
    const taken = await this.counters.take(`route ${name} ${key}`, limit, ttl);
    return {
      totalHits: limit - taken.remaining,
      timeToExpire: seconds(taken.resetAfterMs),
      isBlocked: !taken.allowed,
      timeToBlockExpire: seconds(taken.retryAfterMs),
    };
  }
}
