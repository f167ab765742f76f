import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Limits } from '@app/config';
import { JsonRefusal, parseJson } from './strict-json.js';

const limits = new Limits({ jsonDepth: 4, jsonNodes: 20 });
const parse = (text: string | Buffer, within = limits): unknown => parseJson(Buffer.from(text), within).value;
/** Whether JSON.stringify has to escape a name somewhere inside. */
const hasEscapedName = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([name, inner]) => JSON.stringify(name).includes('\\') || hasEscapedName(inner));
const codeOf = (text: string | Buffer): number => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof JsonRefusal) return error.code;
  }
  return 0;
};

describe('parseJson', () => {
  it('agrees with JSON.parse on whatever JSON.stringify writes', () => {
    const wide = new Limits({ jsonDepth: 1_000, jsonNodes: 1_000_000 });
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, null, pretty ? 2 : 0);
        fc.pre(!hasEscapedName(value));
        expect(parse(text, wide)).toEqual(JSON.parse(text));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('is not confused by quotes, backslashes and braces inside of strings, long ones included', () => {
    for (const inner of ['"', '\\', '\\"', '{[:,', `${'x'.repeat(100)}"`, `${'x'.repeat(100)}\\`, '\\\\"'.repeat(60)]) {
      const value = { a: inner, b: [inner] };
      expect(parse(JSON.stringify(value))).toEqual(value);
    }
  });

  it.each(['{"a":1,"a":2}', '{"x":{"a":1,"b":2,"a":3}}', '[{"a":1},{"b":1,"c":{},"b":2}]'])(
    'refuses a member named twice: %s',
    (text) => {
      expect(codeOf(text)).toBe(-32600);
    },
  );
  it.each(['{"\\u0061":1}', '[{"a":1,"\\u0061":2}]', '{"a\\"b":1}', `{"${'x'.repeat(100)}\\n":1}`])(
    'refuses a name with escapes: %s',
    (text) => {
      // Leaves V8 with an object of the shape it mistakes the next ones for.
      JSON.parse('[{"a":1,"\\\\":2}]');
      expect(codeOf(text)).toBe(-32600);
    },
  );
  it('takes the same name in different objects', () => {
    expect(parse('[{"a":1},{"a":2}]')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('takes exactly the allowed depth and number of values, and no more', () => {
    expect(parse('[[[[]]]]')).toEqual([[[[]]]]);
    expect(codeOf('[[[[[]]]]]')).toBe(-32600);
    expect(parse(`[${Array(19).fill(1).join()}]`)).toHaveLength(19);
    expect(codeOf(`[${Array(20).fill(1).join()}]`)).toBe(-32600);
  });

  it.each(['', '{', '"open', '\ufeff{}', '{}x', "{'a':1}", '{"a":1,}'])('refuses what is not JSON: %j', (text) => {
    expect(codeOf(text)).toBe(-32700);
  });
  it('refuses bytes that are not UTF-8', () => {
    expect(codeOf(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toBe(-32700);
    expect(codeOf(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe(-32700);
  });
  it('says when a name reaches for the prototype', () => {
    expect(parseJson(Buffer.from('{"a":[{"__proto__":1}]}'), limits).reachesForPrototype).toBe(true);
    expect(parseJson(Buffer.from('{"a":["__proto__"]}'), limits).reachesForPrototype).toBe(false);
  });
  it('takes time in proportion to the body, whatever is in it', () => {
    // Quadratic, these would take minutes: the test's own time limit is the bound.
    for (const tail of [':'.repeat(1_000_000), '":'.repeat(500_000), '"a":'.repeat(250_000), '\\"'.repeat(500_000)])
      expect([-32700, -32600]).toContain(codeOf(`{"${'a'.repeat(1_000_000)}"${tail}`));
  });
});
