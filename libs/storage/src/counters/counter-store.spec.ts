import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../fixtures/polling.js';
import { describeWith, REDIS_URL } from '../fixtures/services.js';
import { TestPrefix } from '../fixtures/test-prefix.js';
import { RedisConnection } from '../services/redis-connection.js';
import type { CounterStore, Taken } from './counter-store.js';
import { MemoryCounterStore } from './memory-counter-store.js';
import { RedisCounterStore } from './redis-counter-store.js';

const HOUR_MS = 3_600_000;

interface Subject {
  /** Two stores over the same counters: two replicas, where the implementation is shared. */
  readonly stores: readonly [CounterStore, CounterStore];
  /** The time of the counters' clock, moved on a little where it is ours. */
  nextMs(): Promise<number>;
}

function keepsTheContract(subject: () => Subject): void {
  let count = 0;
  const fresh = (): string => `counter ${++count} 𝄞`;
  const store = (): CounterStore => subject().stores[0];

  it('allows as many as the limit, counts down, and refuses with a time', async () => {
    const key = fresh();
    for (const remaining of [2, 1, 0])
      expect(await store().take(key, 3, HOUR_MS)).toEqual({
        allowed: true,
        remaining,
        retryAfterMs: 0,
        resetAfterMs: HOUR_MS,
      });
    const refused = await store().take(key, 3, HOUR_MS);
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.retryAfterMs).toBeGreaterThan(HOUR_MS - 20_000);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(refused.resetAfterMs);
    expect(refused.resetAfterMs).toBeLessThanOrEqual(HOUR_MS);
  });

  it('counts keys and lengths of windows apart', async () => {
    const key = fresh();
    expect(await store().take(key, 1, HOUR_MS)).toMatchObject({ allowed: true });
    expect(await store().take(`${key} `, 1, HOUR_MS)).toMatchObject({ allowed: true });
    expect(await store().take(key, 1, HOUR_MS + 1)).toMatchObject({ allowed: true });
    expect(await store().take(key, 1, HOUR_MS)).toMatchObject({ allowed: false });
  });

  it('allows nothing under a limit of 0, and obeys a limit that changes', async () => {
    const key = fresh();
    expect(await store().take(key, 0, HOUR_MS)).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: HOUR_MS });
    for (let i = 0; i < 5; i++) await store().take(key, 5, HOUR_MS);
    expect(await store().take(key, 2, HOUR_MS)).toMatchObject({ allowed: false, remaining: 0 });
    expect(await store().take(key, 6, HOUR_MS)).toMatchObject({ allowed: true, remaining: 0 });
  });

  it('allows exactly the limit of many that ask at once', async () => {
    const key = fresh();
    const all = Array.from({ length: 500 }, (_, i) => subject().stores[i % 2]!.take(key, 100, HOUR_MS));
    const taken: Taken[] = await Promise.all(all);
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(100);
    expect(new Set(taken.filter(({ allowed }) => allowed).map(({ remaining }) => remaining)).size).toBe(100);
  });

  it('never allows more than the limit in any window, and does not count what it refuses', async () => {
    const key = fresh();
    const [limit, windowMs] = [5, 120];
    // Taken by the clock before the question and after the answer: the true time lies between.
    const allowed: { from: number; to: number }[] = [];
    await until('four windows full', async () => {
      const from = await subject().nextMs();
      const taken = await store().take(key, limit, windowMs);
      if (taken.allowed) allowed.push({ from, to: await subject().nextMs() });
      else expect(taken.retryAfterMs).toBeGreaterThan(0);
      return allowed.length >= 4 * limit + 1;
    });
    // The call `limit` places later is a whole window later.
    for (let i = limit; i < allowed.length; i++)
      expect(allowed[i]!.to - allowed[i - limit]!.from).toBeGreaterThanOrEqual(windowMs);
  });

  it.each<[string, string, number, number]>([
    ['a long key', 'k'.repeat(513), 1, 1],
    ['a limit that is not whole', 'k', 1.5, 1],
    ['a limit below 0', 'k', -1, 1],
    ['a limit above what is kept', 'k', 65_536, 1],
    ['a window of nothing', 'k', 1, 0],
    ['a window above 7 days', 'k', 1, 604_800_001],
    ['a window that is no number', 'k', 1, Number.NaN],
  ])('refuses %s', async (_, key, limit, windowMs) => {
    await expect((async () => store().take(key, limit, windowMs))()).rejects.toThrow(RangeError);
  });
}

describe('the contract of CounterStore', () => {
  describe('in memory', () => {
    const clock = { nowMs: 0 };
    const store = new MemoryCounterStore({}, () => clock.nowMs);
    keepsTheContract(() => ({ stores: [store, store], nextMs: async () => (clock.nowMs += 1.3) }));

    it('answers at once, without a promise', () => {
      expect(store.take('at once', 1, 1_000).allowed).toBe(true);
    });
  });
});

await describeWith('the contract of CounterStore, in Redis', REDIS_URL, () => {
  let prefix: TestPrefix;
  let connections: RedisConnection[];
  let stores: [CounterStore, CounterStore];

  beforeAll(() => {
    prefix = new TestPrefix();
    const settings = { operationTimeoutMs: 20_000, keyPrefix: prefix.name };
    connections = [1, 2].map(() => new RedisConnection(REDIS_URL, settings));
    stores = [new RedisCounterStore(connections[0]!), new RedisCounterStore(connections[1]!)];
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await prefix.drop();
  });

  keepsTheContract(() => ({ stores, nextMs: async () => performance.now() }));

  it('keeps no more than the limit, and no longer than the window and a second', async () => {
    await Promise.all(Array.from({ length: 50 }, () => stores[0].take('bounded', 7, 1_500)));
    const name = `${prefix.name}count:1500:bounded`;
    expect(await prefix.admin.zcard(name)).toBe(7);
    const leftMs = await prefix.admin.pttl(name);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(2_500);
  });

  it('keeps the limit when the clock of Redis is set back', async () => {
    const name = `${prefix.name}count:60000:set back`;
    const [seconds] = await prefix.admin.time();
    // Two calls that a later clock dated, half a minute ahead of now.
    const ahead = (Number(seconds) + 30) * 1_000_000;
    await prefix.admin.zadd(name, ahead, `${ahead}:0`, ahead, `${ahead}:1`);
    const taken: Taken[] = [];
    for (let i = 0; i < 5; i++) taken.push(await stores[0].take('set back', 4, 60_000));
    expect(taken.map(({ allowed }) => allowed)).toEqual([true, true, false, false, false]);
    // The oldest is one of ours: it leaves a window after it came, not after those that seem to lie ahead.
    expect(taken[4]!.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(taken[4]!.resetAfterMs).toBeGreaterThan(60_000);
  });
});
