import * as fc from 'fast-check';

const STRAYS: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  [],
  ['x'],
  {},
  { x: 1 },
  [[]],
  { length: 1 },
];
const NAMES = [
  'unknown',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'then',
  '',
  'Path',
  'dryRun',
  'workspace ',
];

/** A value with one thing changed somewhere in it: another type, a key too many, a key too few. */
export const mutated = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      values,
      fc.nat(),
      fc.constantFrom(...STRAYS),
      fc.constantFrom(...NAMES),
      fc.constantFrom('replace', 'add', 'remove'),
    )
    .map(([value, where, stray, name, how]) => {
      // Parsed again, so that `__proto__` is a key like any other, as it is on the wire.
      const copy = JSON.parse(JSON.stringify(value)) as unknown;
      const places = placesIn(copy);
      const place = places[where % (places.length + 1)];
      if (place === undefined) return how === 'replace' ? stray : withKey(copy, name, stray);
      const { holder, key } = place;
      if (how === 'replace') holder[key] = stray;
      else if (how === 'remove' && !Array.isArray(holder)) delete holder[key];
      else holder[key] = withKey(holder[key], name, stray);
      return copy;
    });

function withKey(value: unknown, name: string, stray: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return stray;
  const text = JSON.stringify(value).slice(1, -1);
  return JSON.parse(`{${text}${text === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(stray)}}`);
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every member and element of a value, at any depth. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
