/** A call that succeeds, with every argument written out: what is wrong with one made from it is only what was changed. */
export interface ToolCall {
  readonly tool: string;
  readonly args: Record<string, unknown>;
}

const workspace = 'ws';

export const GOOD_CALLS = {
  read: {
    tool: 'read_files',
    args: { workspace, items: [{ path: 'a.txt', start_line: 1, end_line: 2 }], max_bytes: 1_000, as: 'text' },
  },
  tail: { tool: 'read_files', args: { workspace, items: [{ path: 'a.txt', tail: 2 }], max_bytes: 1_000, as: 'auto' } },
  list: {
    tool: 'list_files',
    args: {
      workspace,
      path: '.',
      depth: 2,
      glob: '*.txt',
      sort: 'name',
      include_ignored: false,
      changed_since: '2020-01-01',
    },
  },
  search: {
    tool: 'search_text',
    args: {
      workspace,
      query: 'word',
      literal: true,
      path: '.',
      include: ['*.txt'],
      exclude: ['none/**'],
      case: 'smart',
      multiline: false,
      context: 1,
      max_results: 10,
      include_ignored: false,
    },
  },
  edit: {
    tool: 'edit_file',
    args: { workspace, path: 'a.txt', edits: [{ old: 'word', new: 'WORD', expected_count: 1 }], dry_run: false },
  },
  write: {
    tool: 'write_file',
    args: { workspace, path: 'new.txt', content: 'new\n', mode: 'create', encoding: 'utf-8', dry_run: false },
  },
} as const satisfies Record<string, ToolCall>;

export type GoodCall = keyof typeof GOOD_CALLS;

/** A place in the arguments: names and numbers from the outside in. */
export type Place = readonly (string | number)[];

/** The call with another value at one place. */
export function withValue(good: GoodCall, place: Place, value: unknown): ToolCall {
  const { tool, args } = structuredClone(GOOD_CALLS[good]) as ToolCall;
  let at = args;
  for (const name of place.slice(0, -1)) at = at[name] as Record<string, unknown>;
  // Defined, not assigned, so that `__proto__` is a name like any other, as it is on the wire.
  Object.defineProperty(at, place.at(-1)!, { value, enumerable: true, configurable: true, writable: true });
  return { tool, args };
}

/** Every argument of every call, by the type it has. */
export function placesOf(type: 'string' | 'number' | 'boolean' | 'array'): [GoodCall, Place][] {
  const found: [GoodCall, Place][] = [];
  const visit = (good: GoodCall, value: unknown, place: Place): void => {
    if ((Array.isArray(value) ? 'array' : typeof value) === type && place.length > 0) found.push([good, place]);
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value))
      visit(good, inner, [...place, Array.isArray(value) ? Number(name) : name]);
  };
  for (const good of Object.keys(GOOD_CALLS) as GoodCall[]) visit(good, GOOD_CALLS[good].args, []);
  return found;
}
