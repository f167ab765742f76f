import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Limits } from '@app/config';
import { CounterStore, MemoryCounterStore, type Taken } from '@app/storage';
import { EdgeRefusal } from './edge-refusal.error.js';
import { quotaHeaders } from './quota-headers.js';

const MINUTE_MS = 60_000;
/** Addresses remembered as refused; one that is forgotten is only verified once more. */
const MAX_REFUSED = 10_000;

/** Counts the requests of each address that prove nobody, in all servers together. */
@Injectable()
export class AddressWatch {
  /** Until when each is refused, in monotonic ms. */
  private readonly refused = new LRUCache<string, number>({ max: MAX_REFUSED });
  private readonly local = new MemoryCounterStore();

  constructor(
    private readonly counters: CounterStore,
    private readonly limits: Limits,
  ) {}

  /** Before anything is verified. @throws EdgeRefusal while too many came from there */
  check(address: string): void {
    const until = this.refused.get(address);
    if (until === undefined) return;
    const leftMs = until - performance.now();
    if (leftMs <= 0) this.refused.delete(address);
    else throw this.tooMany(leftMs);
  }

  /** One that proved nobody. @throws EdgeRefusal when it was one too many */
  async count(address: string): Promise<void> {
    const { allowed, retryAfterMs } = await this.take(address);
    if (allowed) return;
    this.refused.set(address, performance.now() + retryAfterMs);
    throw this.tooMany(retryAfterMs);
  }

  private async take(address: string): Promise<Taken> {
    const key = `unauthenticated ${address}`;
    try {
      return await this.counters.take(key, this.limits.unauthenticatedPerMinute, MINUTE_MS);
    } catch {
      // The shared store is lost: this server counts for itself.
      return this.local.take(key, this.limits.unauthenticatedPerMinute, MINUTE_MS);
    }
  }

  private tooMany(retryAfterMs: number): EdgeRefusal {
    const limit = this.limits.unauthenticatedPerMinute;
    const quota = { name: 'address', limit, windowMs: MINUTE_MS, remaining: 0, resetAfterMs: retryAfterMs } as const;
    return new EdgeRefusal(429, 'RATE_LIMITED: too many requests from this address had no valid identity', {
      ...quotaHeaders(quota),
    });
  }
}
