import type { z } from 'zod';
import { ServerError } from '@app/mcp';
import { nearest } from './nearest.js';

const MAX_PROBLEMS = 5;

interface Validated {
  readonly input?: z.ZodObject;
}

/**
 * Parses the arguments of a call.
 * @throws ServerError INVALID_ARGUMENT that lists the first problems, with the nearest valid name of an unknown key.
 */
export function parseInput(operation: Validated, input: unknown): unknown {
  const given = input ?? {};
  if (!isWellFormed(given))
    throw new ServerError('INVALID_ARGUMENT', 'An argument has text that is not valid Unicode.');
  if (operation.input === undefined) {
    const [key] = typeof given === 'object' ? Object.keys(given) : ['arguments'];
    if (key !== undefined) throw new ServerError('INVALID_ARGUMENT', 'There are no arguments to give.');
    return {};
  }
  const parsed = operation.input.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, MAX_PROBLEMS).map((issue) => describe(issue, operation.input!));
  const more = parsed.error.issues.length - problems.length;
  const text = `${problems.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  throw new ServerError('INVALID_ARGUMENT', text.endsWith('?') ? text : `${text}.`, {
    hint: 'Nothing was executed.',
  });
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodObject): string {
  const where = issue.path.length === 0 ? '' : `${spellPath(issue.path)}: `;
  if (issue.code !== 'unrecognized_keys') return `${where}${lowerFirst(issue.message)}`;
  const known = keysAt(schema, issue.path);
  return issue.keys
    .slice(0, MAX_PROBLEMS)
    .map((key) => {
      const close = nearest(key, known);
      return `${where}unknown key ${quote(key)}${close === undefined ? '' : `, did you mean ${quote(close)}?`}`;
    })
    .join('; ');
}

const lowerFirst = (value: string): string => value.charAt(0).toLowerCase() + value.slice(1);

/** Quoted, shortened, with everything invisible spelled out: names are attacker input. */
export const quote = (value: string): string =>
  JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );

const spellPath = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');

/** The names a strict object below `schema` knows, through arrays, options and defaults. */
function keysAt(schema: z.ZodObject, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const part of path) {
    const definition = definitionOf(at);
    at = typeof part === 'number' ? definition?.element : (definition?.shape as Record<PropertyKey, unknown>)?.[part];
  }
  return Object.keys((definitionOf(at)?.shape as object) ?? {});
}

function definitionOf(schema: unknown): { shape?: unknown; element?: unknown } | undefined {
  let definition = (schema as { _zod?: { def: { innerType?: unknown; shape?: unknown; element?: unknown } } })?._zod
    ?.def;
  while (definition?.innerType !== undefined)
    definition = (definition.innerType as { _zod: { def: typeof definition } })._zod.def;
  return definition;
}

/** No lone surrogate in any string or key: such text cannot be written to a file or compared as it was meant. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  for (const key of Object.keys(value))
    if (!key.isWellFormed() || !isWellFormed((value as Record<string, unknown>)[key])) return false;
  return true;
}
