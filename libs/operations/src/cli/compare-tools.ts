import type { ToolDefinition } from '@app/pipeline';
import { canonicalJson, toolFingerprint } from '@app/tools';
import { type Change, type ChangeKind, compareSchemas } from './compare-schemas.js';
import type { ToolsLock } from './tools-lock.js';

export interface ToolChange extends Change {
  readonly tool: string;
}

/** What each hint says when it is less harmless than before. */
const WORSE: Readonly<Record<string, readonly [worse: boolean, what: string]>> = {
  readOnlyHint: [false, 'it may change things now'],
  destructiveHint: [true, 'it may destroy things now'],
  idempotentHint: [false, 'calling it twice is no longer like calling it once'],
  openWorldHint: [true, 'it reaches beyond the server now'],
};
const SCHEMAS = ['inputSchema', 'outputSchema'];

/** What changed in the tools since they were locked; nothing only where every definition is the same, in the same order. */
export function compareTools(locked: ToolsLock, current: ToolsLock): readonly ToolChange[] {
  const [old, now] = [Object.keys(locked.tools), Object.keys(current.tools)];
  const changes = [
    ...now.filter((tool) => !old.includes(tool)).map((tool): ToolChange => ({ tool, kind: 'safe', what: 'added' })),
    ...old.flatMap((tool): ToolChange[] => {
      const [before, after] = [locked.tools[tool]!, current.tools[tool]];
      if (after === undefined) return [{ tool, kind: 'breaking', what: 'removed' }];
      const found: Change[] = compareDefinitions(before.definition, after.definition);
      if (before.fingerprint !== toolFingerprint(before.definition))
        found.push({ kind: 'breaking', what: 'its fingerprint in the lock is not that of its definition there' });
      return found.map((change) => ({ tool, ...change }));
    }),
  ];
  const moved = old.find((tool, index) => tool !== now[index]);
  return changes.length === 0 && moved !== undefined
    ? [{ tool: moved, kind: 'safe', what: 'it is served in another place of the list' }]
    : changes;
}

function compareDefinitions(before: ToolDefinition, after: ToolDefinition): Change[] {
  const changes = [
    ...compareSchemas(before.inputSchema, after.inputSchema, 'input', 'input'),
    ...compareOutputs(before, after),
    ...compareFields(before.annotations, after.annotations, [], (hint, value) => {
      const [worse, what] = WORSE[hint] ?? [];
      if (what === undefined) return { kind: hint === 'title' ? 'words' : 'breaking', what: `${hint} changed` };
      return value === worse ? { kind: 'breaking', what } : { kind: 'safe', what: `${hint} is ${String(value)} now` };
    }),
    ...compareFields(before, after, [...SCHEMAS, 'annotations', 'name'], (field) => {
      if (field === 'icons') return { kind: 'safe', what: 'other icons' };
      const isText = field === 'title' || field === 'description';
      return {
        kind: isText ? 'words' : 'breaking',
        what: isText ? `changed words in its ${field}` : `${field} changed`,
      };
    }),
  ];
  if (changes.length > 0 || canonicalJson(before) === canonicalJson(after)) return changes;
  return isOnlyOrder(before, after)
    ? [{ kind: 'safe', what: 'the same in another order' }]
    : [{ kind: 'breaking', what: 'changed in a way that is not understood' }];
}

/** Order says nothing in lists of types, of values and of required names. */
const isOnlyOrder = (before: unknown, after: unknown): boolean =>
  canonicalJson(sorted(before)) === canonicalJson(sorted(after));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => canonicalJson(sorted(item))).sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, sorted(field)]));
}

function compareOutputs({ outputSchema: before }: ToolDefinition, { outputSchema: after }: ToolDefinition): Change[] {
  if (before !== undefined && after !== undefined) return compareSchemas(before, after, 'output', 'output');
  if (before === after) return [];
  return [
    after === undefined
      ? { kind: 'breaking', what: 'output: no longer described' }
      : { kind: 'safe', what: 'output: now described' },
  ];
}

function compareFields(
  before: object,
  after: object,
  except: readonly string[],
  judge: (field: string, value: unknown) => Change,
): Change[] {
  const [old, now] = [before, after] as Record<string, unknown>[];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter(
      (field) => !except.includes(field) && canonicalJson(old![field] ?? null) !== canonicalJson(now![field] ?? null),
    )
    .map((field) => judge(field, now![field]));
}

const ORDER: readonly ChangeKind[] = ['breaking', 'words', 'safe'];
const TITLES: Readonly<Record<ChangeKind, string>> = {
  breaking: 'BREAKING',
  words: 'WORDS',
  safe: 'safe',
};

/** A line for each change, what breaks first. */
export const listChanges = (changes: readonly ToolChange[]): string =>
  ORDER.flatMap((kind) => changes.filter((change) => change.kind === kind))
    .map(({ kind, tool, what }) => `${TITLES[kind].padEnd(8)} ${tool}  ${what}`)
    .join('\n');
