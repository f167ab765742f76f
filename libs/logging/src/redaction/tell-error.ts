import type { DataClass } from './data-class.js';
import type { ValueWalk } from './value-walk.js';

const MAX_CAUSES = 8;
const MAX_AGGREGATED = 8;
/** They are told in another form, or say what the type says. */
const TOLD = new Set(['message', 'stack', 'cause', 'name', 'errors']);

/** An error in words: its causes in its message and its stack, and what facts it carries. */
export function tellError(
  error: Error,
  walk: ValueWalk,
  depth: number,
  classes: readonly DataClass[] | undefined,
): Record<string, unknown> {
  const chain: Error[] = [];
  for (let each: unknown = error; each instanceof Error && !chain.includes(each); each = readOf(each, 'cause')) {
    chain.push(each);
    if (chain.length === MAX_CAUSES) break;
  }
  const text = (name: 'message' | 'stack', between: string): string =>
    walk.text(
      chain
        .map((each) => readOf(each, name))
        .filter((part) => typeof part === 'string')
        .join(between),
      classes,
    );
  const facts = Object.keys(error).filter((name) => !TOLD.has(name));
  const told: Record<string, unknown> = {
    type: walk.text(String(readOf(readOf(error, 'constructor') as object, 'name') ?? readOf(error, 'name')), classes),
    message: text('message', ': '),
    stack: text('stack', '\ncaused by: '),
    ...walk.members(error, facts, depth, classes),
  };
  // What was thrown as a cause may be anything.
  const cause = readOf(chain.at(-1)!, 'cause');
  if (cause !== undefined && !(cause instanceof Error)) told['cause'] = walk.visit(cause, depth + 1, classes);
  const errors = readOf(error, 'errors');
  if (Array.isArray(errors))
    told['errors'] = errors.slice(0, MAX_AGGREGATED).map((each) => walk.visit(each, depth + 1, classes));
  return told;
}

function readOf(from: object | null | undefined, name: string): unknown {
  try {
    return from === null || from === undefined ? undefined : Reflect.get(from, name);
  } catch {
    return undefined;
  }
}
