import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TrigramScan } from './trigram-scan.js';

const small = (min: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'я', '_'), minLength: min, maxLength: 30 });

describe('TrigramScan', () => {
  it('misses no place where a literal stands', () => {
    fc.assert(
      fc.property(small(0), fc.array(small(3), { maxLength: 6 }), (text, literals) => {
        const scan = new TrigramScan(
          literals.map((each) => [each, each] as const),
          false,
        );
        const found: string[] = [];
        scan.scan(text, (meanings, at) => {
          for (const each of meanings) if (text.startsWith(each, at)) found.push(`${at} ${each}`);
          return undefined;
        });
        const expected = [...new Set(literals)].flatMap((each) =>
          Array.from(text, (_, at) => at)
            .filter((at) => text.startsWith(each, at))
            .map((at) => `${at} ${each}`),
        );
        expect(found.sort()).toEqual(expected.sort());
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('goes on where it is told to, and takes no literal of two characters', () => {
    const places: number[] = [];
    new TrigramScan([['aaa', 1]], true).scan('AaaAaaA', (_meanings, at) => (places.push(at), at + 3));
    expect(places).toEqual([0, 3]);
    expect(() => new TrigramScan([['ab', 1]], false)).toThrow('three characters');
  });
});
