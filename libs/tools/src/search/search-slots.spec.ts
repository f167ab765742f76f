import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { Limits } from '@app/config';
import { SearchSlots } from './search-slots.js';

const { signal } = new AbortController();

/** Searches that end when told to, and a list of who has begun. */
function scene(limits: { searchesRunning: number; searchesWaiting: number }) {
  const slots = new SearchSlots(limits);
  const begun: string[] = [];
  const start = (name: string, given: AbortSignal = signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const ended = slots.run(given, () => (begun.push(name), promise));
    const outcome = ended.catch((error: unknown) => error);
    return { end: () => resolve(name), fail: () => reject(new Error(name)), outcome };
  };
  return { begun, start };
}

describe('SearchSlots', () => {
  it('runs so many at a time, the others in the order of asking', async () => {
    const { begun, start } = scene({ searchesRunning: 2, searchesWaiting: 3 });
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => start(name));
    expect(begun).toEqual(['a', 'b']);
    all[1]!.fail();
    await setImmediate();
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const each of all) each.end();
    await Promise.all(all.map(({ outcome }) => outcome));
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it(injected('resource exhaustion', 'SearchSlots', 'refuses who comes when too many wait'), async () => {
    const { begun, start } = scene({ searchesRunning: 1, searchesWaiting: 1 });
    const [a, b] = [start('a'), start('b')];
    expect(await start('c').outcome).toMatchObject({ code: 'OVERLOADED', retryable: true });
    a.end();
    b.end();
    await Promise.all([a.outcome, b.outcome]);
    const again = start('d');
    again.end();
    expect([await again.outcome, begun]).toEqual(['d', ['a', 'b', 'd']]);
  });

  it('forgets who is gone, and frees the slot of one who is gone only when his search has ended', async () => {
    const { begun, start } = scene({ searchesRunning: 1, searchesWaiting: 2 });
    const controller = new AbortController();
    const [a, b, c] = [start('a', controller.signal), start('b', controller.signal), start('c')];
    controller.abort(new Error('gone'));
    expect(await b.outcome).toMatchObject({ message: 'gone' });
    expect(begun).toEqual(['a']);
    a.end();
    await setImmediate();
    expect(begun).toEqual(['a', 'c']);
    c.end();
    expect(await start('d', AbortSignal.abort(new Error('gone'))).outcome).toMatchObject({ message: 'gone' });
    expect(await c.outcome).toBe('c');
  });

  it('has two slots at least', () => {
    expect(new Limits().searchesRunning).toBeGreaterThanOrEqual(2);
  });
});
