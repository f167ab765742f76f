import fc from 'fast-check';
import { modernRequest } from '../support/mcp-messages.js';
import { BAD_ENVELOPES, BAD_JSON } from './bad-messages.js';
import { GOOD_CALLS, type GoodCall, type Place, placesOf, type ToolCall, withValue } from './good-calls.js';

/** One request with one thing wrong with it. */
export interface BadRequest {
  readonly kind: string;
  readonly what: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

const SEED = 20_260_728;
/** Requests of each kind. */
const OF_EACH = 30;

const PATHS: readonly [GoodCall, Place][] = [
  ['read', ['items', 0, 'path']],
  ['tail', ['items', 0, 'path']],
  ['list', ['path']],
  ['search', ['path']],
  ['edit', ['path']],
  ['write', ['path']],
];
const GLOBS: readonly [GoodCall, Place][] = [
  ['list', ['glob']],
  ['search', ['include', 0]],
  ['search', ['exclude', 0]],
];
const NUMBERS = placesOf('number');
const OBJECTS: readonly [GoodCall, Place][] = [
  ...(Object.keys(GOOD_CALLS) as GoodCall[]).map((good): [GoodCall, Place] => [good, []]),
  ['read', ['items', 0]],
  ['edit', ['edits', 0]],
];

type Bad = readonly [call: ToolCall, what: string];

const each = (places: readonly [GoodCall, Place][], values: readonly unknown[]): Bad[] =>
  places.flatMap(([good, place]) =>
    values.map((value): Bad => [withValue(good, place, value), `${good}.${place.join('.')} = ${spell(value)}`]),
  );
const named = (places: readonly [GoodCall, Place][], names: readonly string[], value: unknown): Bad[] =>
  places.flatMap(([good, place]) => names.flatMap((name) => each([[good, [...place, name]]], [value])));
const spell = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 40);

const nested = (levels: number, leaf: unknown): unknown => {
  let value = leaf;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { x: value };
  return value;
};
const many = (count: number, item: unknown): unknown[] => Array.from({ length: count }, () => item);

/** A value of every type that an argument of one type does not take. */
const OTHER_TYPES: Readonly<Record<'string' | 'number' | 'boolean' | 'array', readonly unknown[]>> = {
  string: [null, 7, true, ['a.txt'], { path: 'a.txt' }],
  number: [null, '1', true, [1], { n: 1 }, 1.5],
  boolean: [null, 'yes', 1, [true], {}],
  array: [null, 'x', 1, true, {}, []],
};

/** What can be wrong with the arguments of a call, by kind. @param base the folder that holds the workspace */
const badCalls = (base: string): Readonly<Record<string, readonly Bad[]>> => ({
  'path escape': each(PATHS, [
    '..',
    '../outside/secret.txt',
    'src/../../outside/secret.txt',
    './../ws-evil/secret.txt',
    '/etc/passwd',
    '//etc/passwd',
    '/proc/self/environ',
    `${base}/outside/secret.txt`,
    `${base}/ws-evil/secret.txt`,
    `${base}/ws/../outside/secret.txt`,
    `file://${base}/outside/secret.txt`,
    'link',
    'dir/secret.txt',
    'dangling',
  ]),
  'NUL and controls': [
    ...each(PATHS, ['\u0000', 'a.txt\u0000', 'a.txt\u0000.png', 'src\nindex', '\u001b[2Jx', 'x\u007f']),
    ...each([['search', ['query']]], ['\u0000', 'wo\u0000rd']),
    ...each(GLOBS, ['*\u0000', '\u0000', '*\n', 'a\u001b*']),
    ...each([['write', ['mode']]], ['create\u0000']),
    ...each([['list', ['changed_since']]], ['2020-01-01\u0000']),
  ],
  'over-long text': [
    ...each(PATHS, ['x'.repeat(256), 'ü'.repeat(128), 'a/'.repeat(2_500) + 'x', 'x'.repeat(100_000)]),
    ...each(
      [['search', ['query']]],
      [4_097, 10_000, 1_000_000].map((chars) => 'w'.repeat(chars)),
    ),
    ...each(GLOBS, ['*'.repeat(257), 'x'.repeat(1_000)]),
    ...each([['list', ['changed_since']]], ['2020-01-01'.padEnd(41, '0'), '9'.repeat(10_000)]),
    ...each([['write', ['content']]], ['x'.repeat(5_000_001), 'x'.repeat(9_000_000)]),
    ...each([['edit', ['edits', 0, 'new']]], ['x'.repeat(5_000_001)]),
    ...each([['list', ['cursor']]], ['x'.repeat(30_000)]),
  ],
  'wrong type': (['string', 'number', 'boolean', 'array'] as const).flatMap((type) =>
    each(placesOf(type), OTHER_TYPES[type]),
  ),
  'unknown key': named(OBJECTS, ['force', 'Path', 'dryRun', 'paths', '', 'toString', 'workspace '], true),
  'huge number': each(NUMBERS, [1e9 + 1, 2 ** 31, 2 ** 53, 1e21, 1e308]),
  'deep JSON': [65, 100, 1_000, 5_000].flatMap((levels) => [
    ...each([...PATHS, ...placesOf('boolean')], [nested(levels, 'a.txt')]),
    ...named(OBJECTS, ['deep'], nested(levels, 1)),
  ]),
  'too many': [
    ...each(
      [['read', ['items']]],
      [21, 100, 5_000].map((count) => many(count, { path: 'a.txt' })),
    ),
    ...each(
      [['edit', ['edits']]],
      [101, 1_000, 5_000].map((count) => many(count, { old: 'alpha', new: 'alpha' })),
    ),
    ...each(
      [
        ['search', ['include']],
        ['search', ['exclude']],
      ],
      [21, 100, 10_001].map((count) => many(count, 'none/*')),
    ),
    ...each(GLOBS, [
      '{a,b}{a,b}{a,b}{a,b}{a,b}',
      '*a*a*a*a*a*a*a*a*a*',
      `{${many(17, 'x').join()}}`,
      '**/a/'.repeat(9) + 'x',
    ]),
    ...named(OBJECTS, ['more'], many(10_001, 0)),
  ],
  'prototype name': named(OBJECTS, ['__proto__', 'constructor', 'prototype', 'hasOwnProperty'], {
    path: 'a.txt',
    dry_run: true,
  }),
  'lone surrogate': [
    ...each(PATHS, ['\ud800x', 'a.txt\udc00']),
    ...each(
      [
        ['write', ['content']],
        ['edit', ['edits', 0, 'old']],
        ['edit', ['edits', 0, 'new']],
        ['search', ['query']],
        ['list', ['changed_since']],
        ...GLOBS,
        ...(Object.keys(GOOD_CALLS) as GoodCall[]).map((good): [GoodCall, Place] => [good, ['workspace']]),
      ],
      ['\ud800', 'wo\udfffrd'],
    ),
    ...named(OBJECTS, ['\ud800'], 1),
  ],
  'negative range': [
    ...each(NUMBERS, [-1, -(2 ** 31), -(2 ** 53)]),
    ...each(
      NUMBERS.filter(([, place]) => place.at(-1) !== 'context'),
      [0],
    ),
    ...each([['read', ['items', 0, 'start_line']]], [3]),
    ...each([['tail', ['items', 0, 'start_line']]], [1]),
  ],
});

/** The corpus: as many of each kind, chosen by a fixed seed. */
export function badRequests(base: string): BadRequest[] {
  const kinds: Record<string, readonly Omit<BadRequest, 'kind'>[]> = {};
  for (const [kind, bad] of Object.entries(badCalls(base)))
    kinds[kind] = bad.map(([{ tool, args }, what]) => {
      const { headers, body } = modernRequest('tools/call', { name: tool, arguments: args });
      return { what, headers, body };
    });
  kinds['wrong envelope'] = BAD_ENVELOPES;
  kinds['odd JSON'] = BAD_JSON;
  return Object.entries(kinds).flatMap(([kind, all]) => {
    const [chosen] = fc.sample(fc.shuffledSubarray([...all], { minLength: OF_EACH, maxLength: OF_EACH }), {
      seed: SEED,
      numRuns: 1,
    });
    return chosen!.map((request) => ({ kind, ...request }));
  });
}
