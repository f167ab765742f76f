import { env } from 'node:process';
import { describe, expect, it } from '@jest/globals';
import { sortInTurns } from './sort-in-turns.js';

/** What holds the loop would hold it for seconds; a machine that has other work holds it for a while, too. */
const HELD_MS = env['PROOF'] === 'full' ? 100 : 2_000;

/** Numbers that look random and are the same in every run. */
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => (at * 2_654_435_761) % 1_000_003);

describe('sortInTurns', () => {
  it.each([0, 1, 2, 1_023, 1_024, 1_025, 2_048, 5_000, 20_481])(
    'sorts %i items as toSorted does, stably',
    async (count) => {
      const items = numbers(count).map((value, at) => ({ value: value % 97, at }));
      const compare = (a: { value: number }, b: { value: number }): number => a.value - b.value;
      const order = (sorted: { at: number }[]): string => sorted.map(({ at }) => at).join();
      expect(order(await sortInTurns(items, compare))).toBe(order(items.toSorted(compare)));
    },
  );

  it('gives others their turn', async () => {
    const items = numbers(200_000);
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const from = performance.now();
    await sortInTurns(items, (a, b) => a - b);
    isDone = true;
    expect(turns).toBeGreaterThan(3);
    expect((performance.now() - from) / turns).toBeLessThan(HELD_MS);
  });
});
