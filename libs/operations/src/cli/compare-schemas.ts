import { canonicalJson } from '@app/tools';

/** Input is what callers send: it must not narrow. Output is what they read: it must not widen. */
export type Direction = 'input' | 'output';

/** `breaking`: calls that worked may fail. `words`: what the model reads. `safe`: neither. */
export type ChangeKind = 'breaking' | 'words' | 'safe';

export interface Change {
  readonly kind: ChangeKind;
  readonly what: string;
}

type Schema = Readonly<Record<string, unknown>>;
/** Fewer values than before, more, or others. */
type Shift = 'narrower' | 'wider' | 'other';

const WORDS = new Set(['description', 'title', 'examples', '$comment']);
const LOWER_BOUNDS = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties', 'minContains']);
const UPPER_BOUNDS = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties', 'maxContains']);
/** Each admits fewer values where it stands than where it does not. */
const RULES = new Set(['pattern', 'format', 'multipleOf', 'uniqueItems', 'const', 'contentEncoding']);
const LISTS = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);
const HANDLED_APART = new Set(['type', 'enum', 'properties', 'required', 'additionalProperties', 'items']);
const ANYTHING: Schema = {};

/** What changed from one schema to another, each with the path to it. What is not understood counts as breaking. */
export function compareSchemas(before: Schema, after: Schema, direction: Direction, path: string): Change[] {
  const shift = (change: Shift | undefined, what: string): Change[] => {
    if (change === undefined) return [];
    const breaks = change === 'other' || change === (direction === 'input' ? 'narrower' : 'wider');
    return [{ kind: breaks ? 'breaking' : 'safe', what: `${path}: ${what}` }];
  };
  const inner = (one: unknown, other: unknown, name: string, what = 'changed'): Change[] => {
    if (isSame(one ?? ANYTHING, other ?? ANYTHING)) return [];
    return isSchema(one) && isSchema(other)
      ? compareSchemas(one, other, direction, `${path}${name}`)
      : shift(shiftOfParts(one, other) ?? 'other', what);
  };
  const changes = [
    ...shift(shiftOfSets(typesOf(before), typesOf(after)), 'another type'),
    ...shift(shiftOfSets(textsOf(before['enum']), textsOf(after['enum'])), 'another list of values'),
    ...compareProperties(before, after, direction, path),
    ...inner(
      before['additionalProperties'],
      after['additionalProperties'],
      '.*',
      'takes other unknown properties than before',
    ),
    ...inner(before['items'], after['items'], '[]', 'takes other items than before'),
  ];
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [before[keyword], after[keyword]];
    if (HANDLED_APART.has(keyword) || isSame(one, other)) continue;
    if (WORDS.has(keyword)) changes.push({ kind: 'words', what: `${path}: changed words in its ${keyword}` });
    else if (LISTS.has(keyword) && Array.isArray(one) && Array.isArray(other) && one.length === other.length)
      for (const [index, each] of one.entries()) changes.push(...inner(each, other[index], `/${keyword}/${index}`));
    else changes.push(...shift(shiftOf(keyword, one, other), `${keyword} changed`));
  }
  return changes;
}

function compareProperties(before: Schema, after: Schema, direction: Direction, path: string): Change[] {
  const [old, now] = [propertiesOf(before), propertiesOf(after)];
  const [needed, needs] = [namesOf(before['required']), namesOf(after['required'])];
  const added = Object.keys(now).filter((name) => !Object.hasOwn(old, name));
  const changes: Change[] = added.map((name) => {
    const isRequired = needs.has(name);
    const kind = isRequired && direction === 'input' ? 'breaking' : 'safe';
    return { kind, what: `${path}.${name}: added${isRequired ? ', and required' : ''}` };
  });
  for (const [name, schema] of Object.entries(old)) {
    const place = `${path}.${name}`;
    if (!Object.hasOwn(now, name)) {
      const twin = added.find((each) => isSame(now[each], schema));
      changes.push({
        kind: 'breaking',
        what: `${place}: removed${twin === undefined ? '' : `, or renamed to ${twin}`}`,
      });
      continue;
    }
    const next = now[name];
    if (isSchema(schema) && isSchema(next)) changes.push(...compareSchemas(schema, next, direction, place));
    else if (!isSame(schema, next)) changes.push({ kind: 'breaking', what: `${place}: changed` });
    const [was, is] = [needed.has(name), needs.has(name)];
    if (was !== is) {
      const breaks = is === (direction === 'input');
      changes.push({ kind: breaks ? 'breaking' : 'safe', what: `${place}: now ${is ? 'required' : 'optional'}` });
    }
  }
  return changes;
}

function shiftOf(keyword: string, before: unknown, after: unknown): Shift {
  if (LOWER_BOUNDS.has(keyword)) return Number(before ?? -Infinity) < Number(after ?? -Infinity) ? 'narrower' : 'wider';
  if (UPPER_BOUNDS.has(keyword)) return Number(before ?? Infinity) > Number(after ?? Infinity) ? 'narrower' : 'wider';
  if (!RULES.has(keyword)) return 'other';
  if (before === undefined || before === false) return 'narrower';
  return after === undefined || after === false ? 'wider' : 'other';
}

/** Of what may be a schema, `true`, `false` or absent. */
function shiftOfParts(before: unknown, after: unknown): Shift | undefined {
  const [one, other] = [openness(before), openness(after)];
  return one === other ? undefined : one > other ? 'narrower' : 'wider';
}
const openness = (part: unknown): number => (part === false ? 0 : isSchema(part) && !isSame(part, ANYTHING) ? 1 : 2);

/** Undefined is the set of everything. */
function shiftOfSets(
  before: ReadonlySet<string> | undefined,
  after: ReadonlySet<string> | undefined,
): Shift | undefined {
  const isWithin = (one: typeof before, other: typeof before): boolean =>
    other === undefined || (one !== undefined && [...one].every((each) => other.has(each)));
  const [shrank, grew] = [isWithin(after, before), isWithin(before, after)];
  if (shrank && grew) return undefined;
  return shrank ? 'narrower' : grew ? 'wider' : 'other';
}

function typesOf({ type }: Schema): ReadonlySet<string> | undefined {
  if (type === undefined) return undefined;
  const types = new Set([type].flat() as string[]);
  if (types.has('number')) types.add('integer');
  return types;
}

const textsOf = (list: unknown): ReadonlySet<string> | undefined =>
  Array.isArray(list) ? new Set(list.map(canonicalJson)) : undefined;
const namesOf = (list: unknown): ReadonlySet<unknown> => new Set(Array.isArray(list) ? list : []);
const propertiesOf = ({ properties }: Schema): Schema => (isSchema(properties) ? properties : ANYTHING);
const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSame = (one: unknown, other: unknown): boolean =>
  one === undefined || other === undefined ? one === other : canonicalJson(one) === canonicalJson(other);
