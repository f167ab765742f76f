import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { findBytes } from './text-search.js';

describe('findBytes', () => {
  it('finds what indexOf finds, without overlaps', () => {
    const bytes = fc.array(fc.constantFrom(97, 98, 99), { maxLength: 60 }).map((values) => Buffer.from(values));
    fc.assert(
      fc.property(
        bytes,
        bytes.filter(({ length }) => length > 0),
        (haystack, needle) => {
          const expected: number[] = [];
          for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + needle.length))
            expected.push(at);
          expect(findBytes(haystack, needle, 100)).toEqual({ count: expected.length, positions: expected });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('keeps no more positions than asked for and counts all', () => {
    expect(findBytes(Buffer.from('aaaa'), Buffer.from('a'), 2)).toEqual({ count: 4, positions: [0, 1] });
  });

  it('takes linear time for repetitive input', () => {
    const haystack = Buffer.alloc(2_000_000, 'a');
    const start = performance.now();
    for (const needle of [Buffer.from(`b${'a'.repeat(200_000)}`), Buffer.from(`${'a'.repeat(200_000)}b`)])
      expect(findBytes(haystack, needle, 1).count).toBe(0);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
