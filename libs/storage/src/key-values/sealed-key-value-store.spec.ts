import { describe, expect, it } from '@jest/globals';
import { TestCipher } from '../fixtures/test-cipher.js';
import { MAX_SEALED_BYTES } from './entry-rules.js';
import { MemoryKeyValueStore } from './memory-key-value-store.js';
import { SealedKeyValueStore } from './sealed-key-value-store.js';

const HOUR_MS = 3_600_000;

describe('SealedKeyValueStore', () => {
  const fresh = () => {
    const inner = new MemoryKeyValueStore({ maxValueBytes: MAX_SEALED_BYTES });
    const cipher = new TestCipher();
    return { inner, cipher, store: new SealedKeyValueStore(inner, cipher) };
  };

  it('leaves nothing in the store underneath that was not sealed for its place', async () => {
    const { inner, cipher, store } = fresh();
    await store.put('a', 'hunter2', HOUR_MS);
    await store.putIfAbsent('b', 'hunter2', HOUR_MS);
    await store.put('c', 'x', HOUR_MS);
    await store.replace('c', 'x', 'hunter2', HOUR_MS);
    for (const key of ['a', 'b', 'c']) {
      const kept = (await inner.get(key))!;
      expect(kept).not.toContain('hunter2');
      expect(cipher.open(kept, key)).toBe('hunter2');
    }
  });

  it('refuses a value that was moved, changed, or never sealed, and does not take it for absent', async () => {
    const { inner, store } = fresh();
    await store.put('a', 'of a', HOUR_MS);
    await inner.put('b', (await inner.get('a'))!, HOUR_MS);
    await inner.put('c', 'plain', HOUR_MS);
    for (const key of ['b', 'c']) {
      const attempts = [
        store.get(key),
        store.putIfAbsent(key, 'mine', HOUR_MS),
        store.replace(key, 'of a', 'mine', HOUR_MS),
        store.delete(key, 'plain'),
      ];
      for (const attempt of await Promise.allSettled(attempts))
        expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'POLICY_UNAVAILABLE' } });
      expect(await inner.get(key)).toBeDefined();
    }
  });

  it('can still write over, and remove, what does not open', async () => {
    const { inner, store } = fresh();
    await inner.put('a', 'plain', HOUR_MS);
    await store.put('a', 'new', HOUR_MS);
    expect(await store.get('a')).toBe('new');
    await inner.put('a', 'plain', HOUR_MS);
    expect(await store.delete('a')).toBe(true);
  });

  it('replaces the expected value also when it was sealed anew in between', async () => {
    const { inner, store } = fresh();
    await store.put('a', 'same', HOUR_MS);
    const { replace } = inner;
    let meddled = 0;
    inner.replace = async (...args) => {
      // Somebody writes the same value again, right between the look and the change.
      if (meddled++ < 3) await store.put('a', 'same', HOUR_MS);
      return replace.apply(inner, args);
    };
    expect(await store.replace('a', 'same', 'next', HOUR_MS)).toBe(true);
    expect([await store.get('a'), meddled]).toEqual(['next', 4]);
  });

  it('does not delete another value that came in between, and gives up where that never ends', async () => {
    const { inner, store } = fresh();
    await store.put('a', 'old', HOUR_MS);
    const remove = inner.delete;
    inner.delete = async (...args) => {
      await store.put('a', 'newer', HOUR_MS);
      return remove.apply(inner, args);
    };
    expect(await store.delete('a', 'old')).toBe(false);
    expect(await store.get('a')).toBe('newer');
    await expect(store.delete('a', 'newer')).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
  });
});
