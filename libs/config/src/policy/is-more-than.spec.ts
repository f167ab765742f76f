import { describe, expect, it } from '@jest/globals';
import { isMoreThan, valuesIn } from './is-more-than.js';

describe('isMoreThan', () => {
  it.each([
    [0, 0, false],
    [1, 0, true],
    [5, 5, false],
    [6, 5, true],
  ])('%i are more than %i: %s', (count, most, expected) => {
    expect(isMoreThan(Array.from({ length: count }), most)).toBe(expected);
  });

  it('takes one more than it may, of however many', () => {
    let taken = 0;
    function* endless(): Generator<number> {
      for (;;) yield taken++;
    }
    expect([isMoreThan(endless(), 1_000), taken]).toEqual([true, 1_001]);
  });
});

describe('valuesIn', () => {
  it('meets every value, and what stands in two places twice', () => {
    const list = [1, [2]];
    const tree = new Map<string, unknown>([
      ['a', list],
      ['b', new Map([['c', list]])],
    ]);
    // The tree, its two entries, the list in the inner map, and two times three values of the list.
    expect([...valuesIn(tree)]).toHaveLength(10);
  });

  it('of what holds itself are without end, and can be counted to a bound', () => {
    const list: unknown[] = [];
    list.push(list);
    expect(isMoreThan(valuesIn(list), 10_000)).toBe(true);
  });
});
