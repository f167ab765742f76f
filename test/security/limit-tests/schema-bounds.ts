import type { JsonSchema } from '../values-of.js';

/** One bound a tool publishes for one of its arguments. */
export interface SchemaBound {
  readonly tool: string;
  /** Names on the way to the argument; `[]` for any element. */
  readonly path: readonly string[];
  readonly keyword: string;
  readonly bound: number;
}

const KEYWORDS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum'];

/** Every bound in a schema. */
export function boundsIn(tool: string, schema: JsonSchema, path: readonly string[] = []): SchemaBound[] {
  const own = KEYWORDS.filter((keyword) => keyword in schema).map((keyword) => ({
    tool,
    path,
    keyword,
    bound: schema[keyword] as number,
  }));
  const parts = Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
    boundsIn(tool, part, [...path, name]),
  );
  return [...own, ...parts, ...(schema.items === undefined ? [] : boundsIn(tool, schema.items, [...path, '[]']))];
}

/** A value of exactly so many characters or elements, or a number. @param element what an array is filled with */
export function valueAt({ keyword }: SchemaBound, count: number, element: unknown): unknown {
  if (keyword.endsWith('Length')) return 'x'.repeat(count);
  if (keyword.endsWith('Items')) return Array(count).fill(element);
  return count;
}

/** One step beyond a bound. */
export const beyond = ({ keyword, bound }: SchemaBound): number => (keyword.startsWith('min') ? bound - 1 : bound + 1);

/** A copy of valid arguments with another value at a place. */
export function withValue(args: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  if (name === '[]') return (args as unknown[]).map((element) => withValue(element, rest, value));
  return { ...(args as object), [name]: withValue((args as Record<string, unknown>)[name], rest, value) };
}
