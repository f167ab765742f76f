import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from '@jest/globals';
import { sortInTurns } from './sort-in-turns.js';

/** Numbers that look random and are the same in every run. */
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => (at * 2_654_435_761) % 1_000_003);

describe('sortInTurns', () => {
  it.each([0, 1, 2, 1_023, 1_024, 1_025, 2_048, 5_000, 20_481])('sorts %i items as toSorted does, stably', async (count) => {
    const items = numbers(count).map((value, at) => ({ value: value % 97, at }));
    const compare = (a: { value: number }, b: { value: number }): number => a.value - b.value;
    expect(await sortInTurns(items, compare)).toEqual(items.toSorted(compare));
  });

  it('gives others their turn', async () => {
    const items = numbers(200_000);
    const spin = (a: number, b: number): number => {
      for (let at = 0; at < 20; at++) Math.imul(at, a);
      return a - b;
    };
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    setImmediate(count);
    await sortInTurns(items, spin);
    isDone = true;
    delay.disable();
    expect(turns).toBeGreaterThan(5);
    expect(delay.max / 1e6).toBeLessThan(200);
  });
});
