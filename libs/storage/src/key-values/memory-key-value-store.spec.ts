import { describe, expect, it } from '@jest/globals';
import { type KeyValueBounds, MemoryKeyValueStore } from './memory-key-value-store.js';

function build(bounds: Partial<KeyValueBounds>) {
  const clock = { nowMs: 0 };
  return { clock, store: new MemoryKeyValueStore(bounds, () => clock.nowMs) };
}

describe('the bounds of the entries in memory', () => {
  it('refuse a new key while no entry has expired, and forget none', async () => {
    const { clock, store } = build({ maxEntries: 2 });
    await store.putIfAbsent('a', '1', 1_000);
    await store.putIfAbsent('b', '2', 2_000);
    clock.nowMs += 400;
    const full = { code: 'OVERLOADED', retryAfterMs: 600 };
    await expect(store.putIfAbsent('c', '3', 1_000)).rejects.toMatchObject(full);
    await expect(store.put('c', '3', 1_000)).rejects.toMatchObject(full);
    expect(await store.putIfAbsent('a', 'again', 1_000)).toBe('1');
    await store.put('b', 'changed', 2_000);
    expect(store.stats()).toMatchObject({ entries: 2, refusals: 2 });
    clock.nowMs += 600;
    expect(await store.putIfAbsent('c', '3', 1_000)).toBeUndefined();
    expect(await store.get('b')).toBe('changed');
  });

  it('count bytes exactly, through every way an entry comes and goes', async () => {
    const { clock, store } = build({ maxBytes: 1_000 });
    await store.put('a', 'x'.repeat(300), 1_000);
    expect(store.stats().bytes).toBe(762);
    await expect(store.put('b', 'x'.repeat(300), 1_000)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await expect(store.replace('a', 'x'.repeat(300), 'x'.repeat(420), 1_000)).rejects.toMatchObject({
      code: 'OVERLOADED',
    });
    expect(await store.get('a')).toHaveLength(300);
    expect(await store.replace('a', 'x'.repeat(300), '', 1_000)).toBe(true);
    expect(store.stats().bytes).toBe(162);
    await store.put('b', '', 10);
    await store.delete('a');
    clock.nowMs += 10;
    await store.get('b');
    expect(store.stats()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('hold through any number of entries that expire, in time that does not grow with them', async () => {
    const { clock, store } = build({ maxEntries: 1_000 });
    let refused = 0;
    for (let i = 0; i < 200_000; i++) {
      clock.nowMs += 1;
      await store.put(`key ${i}`, 'v', 900).catch(() => refused++);
      if (store.stats().entries > 1_000) throw new Error('too many');
    }
    expect(refused).toBe(0);
  });
});
