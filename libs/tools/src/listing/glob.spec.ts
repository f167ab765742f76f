import { describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { Glob } from './glob.js';
import { NamePattern } from './name-pattern.js';
import { PathPattern } from './path-pattern.js';
import { matchesAll } from './wildcard.js';

const limits = new Limits();
const matches = (glob: string, path: string): boolean => new Glob(glob, limits).matches(path.split('/'));

describe('Glob', () => {
  it.each([
    ['*.ts', 'a.ts'],
    ['*.ts', 'deep/er/a.ts'],
    ['*', '.hidden'],
    ['a?c', 'abc'],
    ['a?c', 'a\u{1f600}c'],
    ['[a-c]x', 'bx'],
    ['[!a-c]x', 'dx'],
    ['[]x]', ']'],
    ['[a-]', '-'],
    ['[a-\uffff]', 'é'],
    ['src/*.ts', 'src/a.ts'],
    ['/a.ts', 'a.ts'],
    ['src/**/a.ts', 'src/a.ts'],
    ['src/**/a.ts', 'src/x/y/a.ts'],
    ['src/**', 'src/x/y'],
    ['**/b/**', 'a/b/c'],
    ['{src,test}/**/*.{ts,js}', 'test/x/a.js'],
    ['*.{ts,}', 'a.'],
    ['[{]x', '{x'],
    ['\\*x', '*x'],
    ['\\{a,b\\}', '{a,b}'],
    ['a**b', 'axyb'],
  ])('%s matches %s', (glob, path) => {
    expect(matches(glob, path)).toBe(true);
  });

  it.each([
    ['*.ts', 'a.tsx'],
    ['src/*.ts', 'src/x/a.ts'],
    ['/a.ts', 'x/a.ts'],
    ['src/**', 'src'],
    ['a**b', 'ax/yb'],
    ['[!a-c]x', 'bx'],
    ['*.TS', 'a.ts'],
    ['\\*x', 'ax'],
    ['{a,b}c', 'c'],
  ])('%s does not match %s', (glob, path) => {
    expect(matches(glob, path)).toBe(false);
  });

  it.each([
    '',
    '!a',
    'a/../b',
    'a//b',
    'src/',
    '[a',
    '[z-a]',
    'x\\',
    '{a,b',
    'a}',
    '{a}',
    '{a,{b,c}}',
    '{1..100000000}',
    '{a,b}'.repeat(22),
    '+(a|aa)+(a|aa)b',
    '!(!(!(a)))',
    '*a*a*a*a*a*a*a*a*b',
    '**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/b',
    'x'.repeat(70_000),
    'a\nb',
  ])('refuses %j', (glob) => {
    expect(() => new Glob(glob, limits)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('knows which folders need not be opened', () => {
    const glob = new Glob('src/*/x/*.ts', limits);
    expect(glob.reachesBelow(['src'])).toBe(true);
    expect(glob.reachesBelow(['src', 'any', 'x'])).toBe(true);
    expect(glob.reachesBelow(['lib'])).toBe(false);
    expect(glob.reachesBelow(['src', 'any', 'x', 'deeper'])).toBe(false);
    expect(new Glob('*.ts', limits).reachesBelow(['any', 'where'])).toBe(true);
  });
});

describe('matching', () => {
  /** Every test of one item is a step; the bound is the product, whatever the pattern. */
  it.each([
    ['*a'.repeat(100) + '*b', 'a'.repeat(255)],
    ['?*'.repeat(100) + 'b', 'a'.repeat(255)],
    ['[a-z]*'.repeat(40) + '9', 'z'.repeat(255)],
  ])('of one name takes at most pattern × name steps (%#)', (source, name) => {
    let steps = 0;
    const { parts } = new NamePattern(source) as unknown as {
      parts: Parameters<typeof matchesAll<unknown, string>>[0];
    };
    const found = matchesAll(parts, [...name], (part, char) => {
      steps++;
      return typeof part !== 'number' || part === char.codePointAt(0);
    });
    expect(found).toBe(false);
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThanOrEqual(parts.length * name.length);
  });

  it('of a path with many ** ends, where a backtracking matcher does not', () => {
    const pattern = new PathPattern(
      ['**', 'a'].flatMap((part) => [part]).concat(Array.from({ length: 60 }, () => ['**', 'a']).flat(), 'b'),
    );
    expect(pattern.matches([...Array.from({ length: 2_000 }, () => 'a'), 'c'])).toBe(false);
    expect(pattern.matches([...Array.from({ length: 2_000 }, () => 'a'), 'b'])).toBe(true);
  });
});
