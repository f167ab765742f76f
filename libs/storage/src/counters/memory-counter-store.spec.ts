import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyedHash } from './keyed-hash.js';
import { type CounterBounds, MemoryCounterStore } from './memory-counter-store.js';

function build(bounds?: Partial<CounterBounds>, startMs = 0) {
  const clock = { nowMs: startMs };
  return { clock, store: new MemoryCounterStore(bounds, () => clock.nowMs, [1, 2]) };
}

/** What a sliding window means, with everything kept and counted anew each time. */
class NaiveWindows {
  readonly allowedAt = new Map<string, number[]>();

  take(key: string, limit: number, windowMs: number, nowMs: number): boolean {
    const times = this.allowedAt.get(`${key} ${windowMs}`) ?? [];
    const allowed = times.filter((at) => nowMs - at < windowMs).length < limit;
    if (allowed) this.allowedAt.set(`${key} ${windowMs}`, [...times, nowMs]);
    return allowed;
  }
}

describe('the sliding window in memory', () => {
  const step = fc.record({
    waitMs: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(0, 99, 100, 101, 7_000, 2 ** 29, 2 ** 31)),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    limit: fc.constantFrom(0, 1, 2, 5, 9),
    windowMs: fc.constantFrom(1, 100, 101, 5_000),
    times: fc.integer({ min: 1, max: 12 }),
  });

  it('answers as the naive model does, from any beginning, and tells the truth about when', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.constantFrom(0, 2 ** 31 - 150, 2 ** 32 - 150),
        (steps, start) => {
          const { clock, store } = build({ maxKeys: 32 });
          store.take('z', 1, 1);
          clock.nowMs = start;
          const model = new NaiveWindows();
          for (const { waitMs, key, limit, windowMs, times } of steps) {
            clock.nowMs += waitMs;
            for (let i = 0; i < times; i++) {
              const taken = store.take(key, limit, windowMs);
              expect(taken.allowed).toBe(model.take(key, limit, windowMs, clock.nowMs));
              const held = model.allowedAt.get(`${key} ${windowMs}`) ?? [];
              const inside = held.filter((at) => clock.nowMs - at < windowMs);
              expect(taken.remaining).toBe(Math.max(0, limit - inside.length));
              if (taken.allowed) expect(taken).toMatchObject({ retryAfterMs: 0, resetAfterMs: windowMs });
              else if (limit > 0) {
                expect(taken.retryAfterMs).toBe(inside[inside.length - limit]! + windowMs - clock.nowMs);
                expect(taken.resetAfterMs).toBe(inside.at(-1)! + windowMs - clock.nowMs);
              }
            }
          }
          expect(store.stats().crowdedOut).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never allows more than the limit in any window, at fractions of a millisecond too', () => {
    const waits = fc.array(
      // Some of them just short of the window, where a fraction decides.
      fc.oneof(fc.double({ min: 0, max: 40, noNaN: true }), fc.double({ min: 98.5, max: 100.5, noNaN: true })),
      { minLength: 20, maxLength: 200 },
    );
    fc.assert(
      fc.property(waits, fc.integer({ min: 1, max: 6 }), (waitsMs, limit) => {
        const { clock, store } = build({}, 0.7);
        const allowedAt: number[] = [];
        for (const waitMs of waitsMs) {
          clock.nowMs += waitMs;
          if (store.take('k', limit, 100).allowed) allowedAt.push(clock.nowMs);
        }
        for (const [i, from] of allowedAt.entries())
          expect(allowedAt.slice(i).filter((at) => at - from < 100).length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('allows again after exactly the time it named', () => {
    const { clock, store } = build({}, 0.3);
    store.take('k', 1, 1_000);
    clock.nowMs += 400.4;
    const { retryAfterMs } = store.take('k', 1, 1_000);
    clock.nowMs += retryAfterMs - 1;
    expect(store.take('k', 1, 1_000).allowed).toBe(false);
    clock.nowMs += 1;
    expect(store.take('k', 1, 1_000).allowed).toBe(true);
  });
});

describe('the bounds of the counters in memory', () => {
  it('refuse a new key while every key is live, and keep the limit of those', () => {
    const { clock, store } = build({ maxKeys: 3 });
    for (const key of ['a', 'b', 'c']) expect(store.take(key, 1, 1_000).allowed).toBe(true);
    clock.nowMs += 500;
    const crowded = store.take('d', 1, 1_000);
    expect(crowded.allowed).toBe(false);
    expect(crowded.retryAfterMs).toBeGreaterThanOrEqual(500);
    for (const key of ['a', 'b', 'c']) expect(store.take(key, 1, 1_000).allowed).toBe(false);
    expect(store.stats()).toMatchObject({ keys: 3, crowdedOut: 1 });
    clock.nowMs += crowded.retryAfterMs;
    expect(store.take('d', 1, 1_000).allowed).toBe(true);
  });

  it('forget keys whose window has passed, not those that went on', () => {
    const { clock, store } = build({ maxKeys: 2 });
    store.take('goes on', 2, 1_000);
    store.take('ends', 2, 1_000);
    clock.nowMs += 900;
    store.take('goes on', 2, 1_000);
    clock.nowMs += 200;
    expect(store.take('new', 1, 1_000).allowed).toBe(true);
    expect(store.take('goes on', 1, 1_000).allowed).toBe(false);
    expect(store.take('ends', 1, 1_000).allowed).toBe(false);
    expect(store.stats()).toMatchObject({ keys: 2, crowdedOut: 1 });
  });

  it('refuse where there is no memory for more times, and free it with the window', () => {
    const { clock, store } = build({ maxKeys: 100, maxTimes: 64 });
    let taken = 0;
    while (store.take('greedy', 1_000, 1_000).allowed) taken++;
    expect(taken).toBeGreaterThan(10);
    expect(store.take('greedy', 1_000, 1_000)).toMatchObject({ allowed: false, retryAfterMs: 1_000 });
    expect(store.take('other', 1_000, 1_000).allowed).toBe(true);
    clock.nowMs += 1_000;
    let again = 0;
    while (store.take('greedy', 1_000, 1_000).allowed) again++;
    expect(again).toBe(taken);
  });

  it('use memory again: a hundred generations of keys take what one does', () => {
    const { clock, store } = build({ maxKeys: 1_000, maxTimes: 20_000 });
    let bytes = 0;
    for (let generation = 0; generation < 100; generation++) {
      let taken = 0;
      for (let i = 0; i < 1_000; i++)
        for (let call = 0; call < 6; call++) if (store.take(`${generation}/${i}`, 5, 1_000).allowed) taken++;
      expect(taken).toBe(5_000);
      clock.nowMs += 1_100;
      bytes ||= store.stats().bytes;
    }
    expect(store.stats()).toMatchObject({ crowdedOut: 0, bytes });
  });

  it('keep the largest limit exactly', () => {
    const { store } = build();
    let taken = 0;
    for (let i = 0; i < 70_000; i++) if (store.take('k', 65_535, 1_000).allowed) taken++;
    expect(taken).toBe(65_535);
  });

  it('hold a million keys in 32 MB, and no call walks over all of them', () => {
    const { clock, store } = build({ maxKeys: 1_000_000 });
    let slowestMs = 0;
    let taken = 0;
    for (let i = 0; i < 1_000_100; i++) {
      clock.nowMs = i / 100;
      const before = performance.now();
      if (store.take(`principal-${i}@tenant/write_file`, 100, 60_000).allowed) taken++;
      slowestMs = Math.max(slowestMs, performance.now() - before);
    }
    const { bytes, keys, crowdedOut } = store.stats();
    expect({ taken, keys, crowdedOut }).toEqual({ taken: 1_000_000, keys: 1_000_000, crowdedOut: 100 });
    expect(bytes).toBeLessThanOrEqual(32_000_000);
    // A wide band: the machine runs other tests too.
    expect(slowestMs).toBeLessThan(500);
  });
});

describe('KeyedHash', () => {
  const of = (text: string, salt = 1, secret: [number, number] = [1, 2]): string => {
    const hash = new KeyedHash(secret);
    hash.compute(text, salt);
    return `${hash.low}/${hash.high}`;
  };

  it('differs by text, length, salt and secret', () => {
    const texts = ['', '\0', '\0\0', '\0\0\0', 'a', 'a\0', 'ab', 'ba', 'abc', 'Ab', '\u0100', '\u0001'];
    expect(new Set(texts.map((text) => of(text))).size).toBe(texts.length);
    expect(new Set([of('a'), of('a', 2), of('a', 1, [1, 3]), of('a', 1, [0, 2])]).size).toBe(4);
    expect(of('a')).toBe(of('a'));
  });

  it('spreads similar texts evenly, in every bit', () => {
    const ones = Array.from({ length: 64 }, () => 0);
    const seen = new Set<string>();
    const hash = new KeyedHash([3, 4]);
    for (let i = 0; i < 20_000; i++) {
      hash.compute(`key ${i}`, 0);
      seen.add(`${hash.low}/${hash.high}`);
      for (let bit = 0; bit < 32; bit++) {
        ones[bit]! += (hash.low >>> bit) & 1;
        ones[bit + 32]! += (hash.high >>> bit) & 1;
      }
    }
    expect(seen.size).toBe(20_000);
    for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
