import { validateSync } from 'class-validator';
import { nearestName } from './nearest-name.js';

/** A file that is something else altogether is wrong in every line. */
export const MAX_PROBLEMS = 100;
const NOT_A_MAPPING = 'expected a mapping, names with values';

export interface NameRule {
  readonly pattern: RegExp;
  readonly words: string;
}
/** Of what is no tool. */
const NAME: NameRule = {
  pattern: /^[A-Za-z0-9._:@|-]{1,200}$/,
  words: 'a name is 1 to 200 letters, digits, or . _ : @ | -',
};

/** A mapping of names that the operator chooses. */
export function readEntries<T>(
  entries: unknown,
  path: string,
  problems: string[],
  read: (value: unknown, path: string, problems: string[]) => T,
  { pattern, words }: NameRule = NAME,
): [string, T][] {
  if (entries === undefined || entries === null) return [];
  if (!(entries instanceof Map)) {
    problems.push(`${path}: ${NOT_A_MAPPING}`);
    return [];
  }
  return [...(entries as Map<unknown, unknown>)]
    .filter((entry): entry is [string, unknown] => typeof entry[0] === 'string')
    .map(([name, entry]) => {
      const place = `${path}.${shown(name)}`;
      if (!pattern.test(name)) problems.push(`${place}: ${words}`);
      return [name, read(entry, place, problems)];
    });
}

/** A mapping of the file as its class; nothing at all is an empty one. Names the class lacks never reach it. */
export function readMapping<T extends object>(
  type: new () => T,
  value: unknown,
  path: string,
  problems: string[],
  refusal = 'not a name that is known here',
): T {
  const instance = new type();
  if (value === undefined || value === null) return instance;
  if (!(value instanceof Map)) {
    problems.push(`${path || 'the file'}: ${NOT_A_MAPPING}`);
    return instance;
  }
  const known = Object.keys(instance);
  const prefix = path === '' ? '' : `${path}.`;
  for (const [name, entry] of value as Map<unknown, unknown>) {
    if (typeof name !== 'string') continue;
    if (known.includes(name)) Object.assign(instance, { [name]: entry });
    else problems.push(`${prefix}${shown(name)}: ${refusal}${suggestion(name, known, problems)}`);
  }
  for (const { property, constraints = {} } of validateSync(instance))
    problems.push(`${prefix}${property}: ${Object.values(constraints).join(', ')}`);
  return instance;
}

/** Only what is set, so that laying it over something else hides nothing. */
export const present = <T extends object>(values: T): Readonly<T> =>
  Object.freeze(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T);

/** A name of somebody else's choosing must fit into one line of a log. */
export const shown = (name: string): string =>
  (name.length > 64 ? `${name.slice(0, 64)}…` : name).replaceAll(/[^ -~…]/g, '?');

/** With everything in it commented out a section has no value: as if it were absent. */
export const isGiven = (section: unknown): boolean => section !== undefined && section !== null;

function suggestion(name: string, known: readonly string[], problems: readonly string[]): string {
  // To look for what was meant costs more than to read the name; nobody reads past these problems.
  if (problems.length >= MAX_PROBLEMS) return '';
  const near = nearestName(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}
