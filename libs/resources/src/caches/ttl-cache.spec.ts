import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidationLog } from './invalidation-log.js';
import { TtlCache } from './ttl-cache.js';

const SECOND = { ttlMs: 1_000, bytes: 10 };

function build(maxEntries = 100, maxBytes = 10_000) {
  const clock = { nowMs: 5 };
  return { clock, cache: new TtlCache<string>({ maxEntries, maxBytes }, () => clock.nowMs) };
}

describe('TtlCache', () => {
  it('serves an entry for its TTL, then stale for its window, then not at all, and counts each exactly', () => {
    const { clock, cache } = build();
    expect(cache.get('a')).toBeUndefined();
    expect(cache.set('a', 'one', { ...SECOND, staleMs: 500 })).toBe(true);
    clock.nowMs += 999;
    expect(cache.get('a')).toEqual({ value: 'one', ageMs: 999, isStale: false });
    clock.nowMs += 1;
    expect(cache.get('a')).toEqual({ value: 'one', ageMs: 1_000, isStale: true });
    clock.nowMs += 499;
    expect(cache.get('a')).toMatchObject({ isStale: true });
    clock.nowMs += 1;
    expect(cache.get('a')).toBeUndefined();
    expect(cache.stats()).toEqual({
      hits: 1,
      stale: 2,
      misses: 2,
      evictions: 0,
      invalidations: 0,
      entries: 0,
      bytes: 0,
    });
  });

  it('counts every call once, whatever the calls are', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('get' as const), key }),
      fc.record({ do: fc.constant('set' as const), key, ttlMs: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 15 }) }),
      fc.record({ do: fc.constant('invalidate' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, cache } = build();
        const model = new Map<string, { at: number; ttlMs: number }>();
        const expected = { hits: 0, misses: 0, stale: 0, evictions: 0, invalidations: 0 };
        for (const call of steps) {
          if (call.do === 'wait') clock.nowMs += call.ms;
          else if (call.do === 'invalidate') {
            if (model.delete(call.key)) expected.invalidations++;
            cache.invalidate(`tag ${call.key}`);
          } else if (call.do === 'set') {
            model.set(call.key, { at: clock.nowMs, ttlMs: call.ttlMs });
            cache.set(call.key, 'v', { ttlMs: call.ttlMs, staleMs: 5, bytes: 7, tags: [`tag ${call.key}`] });
          } else {
            const held = model.get(call.key);
            const age = clock.nowMs - (held?.at ?? 0);
            const gone = held === undefined || age >= held.ttlMs + 5;
            if (gone) model.delete(call.key);
            expected[gone ? 'misses' : age < held.ttlMs ? 'hits' : 'stale']++;
            expect(cache.get(call.key) === undefined).toBe(gone);
          }
        }
        expect(cache.stats()).toEqual({ ...expected, entries: model.size, bytes: model.size * 7 });
        expect(cache.tagCount).toBe(model.size);
      }),
    );
  });

  it('stays within both bounds through a million inserts, and its index with it', () => {
    const { cache } = build(1_000, 50_000);
    let most = { entries: 0, bytes: 0, tags: 0 };
    for (let i = 0; i < 1_000_000; i++) {
      cache.set(`key ${i}`, 'v', { ttlMs: 1_000, bytes: 1 + (i % 97), tags: [`tag ${i}`, `group ${i % 10}`] });
      if (i % 101 === 0) {
        const { entries, bytes } = cache.stats();
        most = {
          entries: Math.max(most.entries, entries),
          bytes: Math.max(most.bytes, bytes),
          tags: Math.max(most.tags, cache.tagCount),
        };
      }
    }
    expect(most.entries).toBeLessThanOrEqual(1_000);
    expect(most.bytes).toBeLessThanOrEqual(50_000);
    expect(most.bytes).toBeGreaterThan(45_000);
    expect(most.tags).toBeLessThanOrEqual(1_010);
    const { entries, evictions } = cache.stats();
    expect(entries + evictions).toBe(1_000_000);
    cache.clear();
    expect(cache.tagCount).toBe(0);
  });

  it('makes room by what was used least recently', () => {
    const { cache } = build(2);
    cache.set('a', '1', SECOND);
    cache.set('b', '2', SECOND);
    cache.get('a');
    cache.set('c', '3', SECOND);
    expect(cache.get('b')).toBeUndefined();
    expect(cache.get('a')?.value).toBe('1');
    expect(cache.stats().evictions).toBe(1);
  });

  it('stores nothing larger than itself, and drops the older value it would have replaced', () => {
    const { cache } = build(10, 100);
    cache.set('a', 'old', { ttlMs: 1_000, bytes: 10 });
    expect(cache.set('a', 'new', { ttlMs: 1_000, bytes: 101 })).toBe(false);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.set('a', 'new', { ttlMs: 1_000, bytes: Number.NaN })).toBe(false);
    const tags = Array.from({ length: 257 }, (_, i) => `${i}`);
    expect(cache.set('a', 'new', { ttlMs: 1_000, bytes: 1, tags })).toBe(false);
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('invalidates what has the tag and nothing else, also after a key got other tags', () => {
    const { cache } = build();
    cache.set('a', '1', { ...SECOND, tags: ['x', 'y'] });
    cache.set('b', '2', { ...SECOND, tags: ['y'] });
    cache.set('a', '3', { ...SECOND, tags: ['x'] });
    expect(cache.invalidate('y')).toBe(1);
    expect(cache.get('a')?.value).toBe('3');
    expect(cache.get('b')).toBeUndefined();
    expect(cache.invalidate('x')).toBe(1);
    expect(cache.invalidate('x')).toBe(0);
    expect(cache.stats().invalidations).toBe(2);
    expect(cache.tagCount).toBe(0);
  });
});

describe('a load that an invalidation overtook', () => {
  it.each<[string, (cache: TtlCache<string>) => void, boolean]>([
    ['its tag was invalidated', (cache) => cache.invalidate('file'), false],
    ['everything was cleared', (cache) => cache.clear(), false],
    ['another tag was invalidated', (cache) => cache.invalidate('other'), true],
    ['nothing happened', () => undefined, true],
  ])('when %s', async (_, meanwhile, stored) => {
    const { cache } = build();
    cache.invalidate('file');
    const source = Promise.withResolvers<string>();
    const ticket = cache.ticket();
    const load = source.promise.then((value) => cache.set('a', value, { ...SECOND, tags: ['dir', 'file'], ticket }));
    meanwhile(cache);
    source.resolve('read before');
    expect(await load).toBe(stored);
    expect(cache.get('a')?.value).toBe(stored ? 'read before' : undefined);
  });

  it('leaves the newer value that was stored since', () => {
    const { cache } = build();
    const early = cache.ticket();
    cache.invalidate('file');
    cache.set('a', 'newer', { ...SECOND, tags: ['file'], ticket: cache.ticket() });
    expect(cache.set('a', 'older', { ...SECOND, tags: ['file'], ticket: early })).toBe(false);
    expect(cache.get('a')?.value).toBe('newer');
  });

  it('is refused when too much happened since to know, and the next load is not', () => {
    const log = new InvalidationLog(3);
    const early = log.now();
    for (const tag of ['a', 'b', 'c']) log.record(tag);
    expect(log.isOutdated(early, ['z'])).toBe(false);
    log.record('d');
    expect(log.size).toBe(3);
    expect(log.isOutdated(early, ['z'])).toBe(true);
    expect(log.isOutdated(early, [])).toBe(true);
    expect(log.isOutdated(log.now(), ['a', 'd', 'z'])).toBe(false);
  });
});
