import * as fc from 'fast-check';

/** The part of JSON Schema that the tools publish. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: JsonSchema;
  readonly enum?: readonly string[];
  readonly [keyword: string]: unknown;
}

const UNDERSTOOD = new Set(
  'type properties required additionalProperties items enum minItems maxItems minLength maxLength minimum maximum default description'.split(
    ' ',
  ),
);
/** Arguments that get past the first checks of a call; nothing for those that a call is better off without. */
const LIKELY: Readonly<Record<string, readonly unknown[]>> = {
  workspace: ['ws', 'ws', undefined],
  path: [
    '.',
    'a.txt',
    'src',
    'src/deep',
    './src/',
    'src/index.ts',
    'image.png',
    'hostile.txt',
    'crlf.txt',
    'names',
    'inner',
    'new.txt',
    'made/new.txt',
  ],
  query: ['word', 'W', 'export const', '\\w+', 'o'],
  old: ['word', 'one'],
  new: ['word', 'word', 'another'],
  glob: ['*', '**/*.ts', 'src/**', '{a,b}*', undefined],
  include: ['*', '**/*.ts', 'src/**'],
  exclude: ['*.png', 'names/**'],
  changed_since: ['2020-01-01', '2099-01-01T00:00:00Z', undefined],
  start_line: [undefined, undefined, 1],
  end_line: [undefined, undefined, 2],
  tail: [undefined, undefined, undefined, 5],
  expected_count: [undefined, undefined, 1],
  cursor: [undefined],
  if_match: [undefined],
};
/** Words that mean something to some tool, where they should not. */
const WORDS = [
  'latin1.txt',
  'sparse.bin',
  'p1',
  'socket',
  'link',
  'dir/x',
  'loop1',
  '../outside/secret.txt',
  '/etc/passwd',
  '.git',
  '.git/config',
  '.env',
  '(',
  '[a-',
  '!x',
  'CANARY',
  '-e',
  '--pre=x',
  '0'.repeat(64),
  'eA==',
  '\n',
  'a\r\nb',
  '\u0000',
  '\u009b',
  '\ud800',
  '𝒳',
  '\u202e',
  'toString',
  '__proto__',
  '',
];
const MANY_CHARS = 1_000;

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<unknown> };
const weighted = (weight: number, arbitrary: fc.Arbitrary<unknown>): Weighted => ({ weight, arbitrary });
/** Bounds, and what misses them by one. */
const around = (...bounds: (number | undefined)[]): number[] =>
  bounds.flatMap((bound) => (bound === undefined ? [] : [bound - 1, bound, bound + 1])).filter((count) => count >= 0);

/**
 * Values a schema allows, and some that it nearly does: bounds are met exactly and missed by one.
 * @throws Error for a keyword it does not know, for then nothing would be known of what it generates
 */
export const valuesOf = (schema: JsonSchema): fc.Arbitrary<unknown> =>
  // As on the wire: what is undefined is not there.
  generate(schema, '').map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** @param name of the argument, for what is likely */
function generate(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const unknown = Object.keys(schema).filter((keyword) => !UNDERSTOOD.has(keyword));
  if (unknown.length > 0) throw new Error(`no values are generated for ${unknown.join(', ')}`);
  if (schema.enum !== undefined) {
    const near = [...schema.enum.map((each) => each.toUpperCase()), `${schema.enum[0]}\u0000`, ''];
    return fc.oneof(weighted(15, fc.constantFrom(...schema.enum)), weighted(1, fc.constantFrom(...near)));
  }
  const likely = LIKELY[name];
  if (likely === undefined || schema.type === 'array') return ofType(schema, name);
  return fc.oneof(weighted(3, fc.constantFrom(...likely)), weighted(1, ofType(schema, name)));
}

function ofType(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object': {
      const parts = Object.entries(schema.properties ?? {}).map(([key, part]) => [key, generate(part, key)]);
      return fc.record(Object.fromEntries(parts) as Record<string, fc.Arbitrary<unknown>>, {
        requiredKeys: [...(schema.required ?? [])],
      });
    }
    case 'array':
      return arrays(schema, name);
    case 'string':
      return strings(schema);
    case 'integer':
      return integers(schema);
    case 'boolean':
      return fc.boolean();
    default:
      throw new Error(`no values are generated for the type ${schema.type}`);
  }
}

function arrays(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  const { minItems = 0, maxItems = 5 } = schema as { minItems?: number; maxItems?: number };
  const item = generate(schema.items!, name);
  const edges = fc
    .tuple(item, fc.constantFrom(...around(minItems, maxItems)))
    .map(([each, count]) => Array.from({ length: count }, () => each));
  return fc.oneof(
    weighted(15, fc.array(item, { minLength: minItems, maxLength: Math.min(maxItems, 3) })),
    weighted(1, edges),
  );
}

function strings(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { minLength, maxLength } = schema as { minLength?: number; maxLength?: number };
  const choices = [
    weighted(4, fc.constantFrom(...WORDS)),
    weighted(2, fc.string({ unit: 'binary', maxLength: Math.min(maxLength ?? 20, MANY_CHARS) })),
  ];
  const counts = around(minLength, maxLength);
  if (counts.length > 0)
    choices.push(
      weighted(
        2,
        fc.tuple(fc.constantFrom('x', '𝒳', 'ä'), fc.constantFrom(...counts)).map(([text, count]) => text.repeat(count)),
      ),
    );
  return fc.oneof(...choices);
}

function integers(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { minimum = -5, maximum = 1_000 } = schema as { minimum?: number; maximum?: number };
  const edges = [minimum - 1, minimum, maximum, maximum + 1, 2 ** 53, -(2 ** 53), 1e308];
  return fc.oneof(
    weighted(15, fc.integer({ min: minimum, max: Math.min(maximum, minimum + 10) })),
    weighted(1, fc.constantFrom(...edges)),
  );
}
