import { describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { ResultCache } from './result-cache.js';

const keep = (cache: ResultCache, key: string, value: unknown): void =>
  cache.keep(key, value, { ttlMs: 60_000, ticket: cache.ticket() });

describe('ResultCache', () => {
  it('holds as many results as cachedResults says, the longest unused leaving first', () => {
    const cache = new ResultCache(new Limits({ cachedResults: 2 }));
    for (const key of ['a', 'b', 'c']) keep(cache, key, key);
    expect(['a', 'b', 'c'].map((key) => cache.get(key)?.value)).toEqual([undefined, 'b', 'c']);
  });

  it('holds as many bytes as cachedResultBytes says, and nothing that is larger by itself', () => {
    const cache = new ResultCache(new Limits({ cachedResultBytes: 100 }));
    keep(cache, 'fits', 'x'.repeat(60));
    keep(cache, 'too large', 'x'.repeat(100));
    keep(cache, 'next', 'x'.repeat(60));
    expect(['fits', 'too large', 'next'].map((key) => cache.get(key) !== undefined)).toEqual([false, false, true]);
    expect(cache.stats().bytes).toBeLessThanOrEqual(100);
  });

  it('gives every caller the same value, which nobody can change', () => {
    const cache = new ResultCache(new Limits());
    const own = { list: [1] };
    keep(cache, 'a', own);
    own.list.push(2);
    const { list } = cache.get('a')!.value as { list: number[] };
    expect(() => list.push(2)).toThrow(/not extensible/);
  });

  it('keeps nothing that was made wrong while it was loaded', () => {
    const cache = new ResultCache(new Limits());
    const ticket = cache.ticket();
    cache.invalidate(['t']);
    cache.keep('a', 1, { ttlMs: 60_000, tags: ['t'], ticket });
    expect(cache.get('a')).toBeUndefined();
  });
});
