import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Attempt } from './attacker.js';
import type { Reply } from './evidence.js';
import type { World } from './world.js';

/** One thing a caller tries, and what a correct server answers. */
export interface Case {
  /** Row of the table of attacks, for reports. */
  readonly row: string;
  readonly what: string;
  readonly attempt: Attempt;
  /** `success`, the code of a tool's error, or the number of a JSON-RPC error. */
  readonly expected: string | number;
  /** Paths of the workspace that the case may change: none where it is refused. */
  readonly changes?: readonly string[];
  /** What else is true of the answer, or of the workspace after it. @throws where it is not */
  readonly also?: (reply: Reply, world: World) => void;
}

const SHA = '0'.repeat(64);
/** A code for every attempt, or one per tool where they differ. */
type Expected = string | Readonly<Record<string, string>>;

const codeFor = (expected: Expected, tool: string): string =>
  typeof expected === 'string' ? expected : (expected[tool] ?? expected['else']!);

/** Attempts of every tool that reads a path. */
export function waysToRead(path: unknown): { readonly [tool: string]: Attempt } {
  return {
    read_files: { tool: 'read_files', args: { items: [{ path }] } },
    'read_files as base64': { tool: 'read_files', args: { items: [{ path }], as: 'base64' } },
    list_files: { tool: 'list_files', args: { path } },
    search_text: { tool: 'search_text', args: { path, query: 'CANARY', include_ignored: true } },
  };
}

/** Attempts of every tool that changes a file. */
export function waysToWrite(path: unknown): { readonly [tool: string]: Attempt } {
  const content = 'written by an attack\n';
  return {
    'write_file create': { tool: 'write_file', args: { path, content } },
    'write_file overwrite': { tool: 'write_file', args: { path, content, mode: 'overwrite', if_match: SHA } },
    'write_file append': { tool: 'write_file', args: { path, content, mode: 'append' } },
    edit_file: { tool: 'edit_file', args: { path, edits: [{ old: 'word', new: 'WORD' }] } },
  };
}

const cases = (
  row: string,
  what: string,
  ways: { readonly [tool: string]: Attempt },
  expected: Expected,
  more: Partial<Case> = {},
): Case[] =>
  Object.entries(ways).map(([way, attempt]) => ({
    row,
    what: `${way} of ${what}`,
    attempt,
    expected: codeFor(expected, way),
    ...more,
  }));

const uriOf = (path: string): string => `workspace://ws/${path.split('/').map(encodeURIComponent).join('/')}`;

/** A path no tool may read: every reading tool refuses it, and as a resource it does not exist. */
export const noReading = (row: string, path: string, expected: Expected): Case[] => [
  ...cases(row, JSON.stringify(path.slice(0, 60)), waysToRead(path), expected),
  {
    row,
    what: `resources/read of ${JSON.stringify(path.slice(0, 60))}`,
    attempt: { uri: uriOf(path.toWellFormed()) },
    expected: -32602,
  },
];

/** A path no tool may write. */
export const noWriting = (row: string, path: string, expected: Expected): Case[] =>
  cases(row, JSON.stringify(path.slice(0, 60)), waysToWrite(path), expected);

/** A path every reading tool must read: a server that refuses everything is no use. */
export const reading = (row: string, path: string): Case[] => [
  ...cases(row, JSON.stringify(path), waysToRead(path), 'success'),
  { row, what: `resources/read of ${JSON.stringify(path)}`, attempt: { uri: uriOf(path) }, expected: 'success' },
];

const shaOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A path every writing tool must write: made, added to, overwritten, edited, and left alone by a dry run. */
export function writing(row: string, path: string): Case[] {
  const steps: [string, Attempt][] = [
    ['creates', { tool: 'write_file', args: { path, content: 'word\n' } }],
    ['appends to', { tool: 'write_file', args: { path, content: 'more\n', mode: 'append' } }],
    [
      'overwrites',
      { tool: 'write_file', args: { path, content: 'one word\n', mode: 'overwrite', if_match: shaOf('word\nmore\n') } },
    ],
    [
      'edits',
      { tool: 'edit_file', args: { path, edits: [{ old: 'word', new: 'WORD' }], if_match: shaOf('one word\n') } },
    ],
    ['does not touch', { tool: 'edit_file', args: { path, edits: [{ old: 'WORD', new: 'x' }], dry_run: true } }],
    ['reads', { tool: 'read_files', args: { items: [{ path }] } }],
  ];
  const changed = ['creates', 'appends to', 'overwrites', 'edits'];
  return steps.map(([verb, attempt]) => ({
    row,
    what: `${verb} ${JSON.stringify(path)}`,
    attempt,
    expected: 'success',
    ...(changed.includes(verb) && { changes: [path.split('/')[0]!] }),
    ...(verb === 'reads' && {
      also: ({ message }: Reply) =>
        expect(message!.result!.structuredContent).toMatchObject({ items: [{ content: 'one WORD\n' }] }),
    }),
  }));
}

/** One call of read_files. */
export const read = (row: string, what: string, args: unknown, expected: string, also?: Case['also']): Case => ({
  row,
  what,
  attempt: { tool: 'read_files', args },
  expected,
  ...(also && { also }),
});
/** Arguments of read_files for one path. */
export const readOf = (path: unknown): unknown => ({ items: [{ path }] });
/** Arguments of read_files for one file many times. */
export const items = (count: number): unknown => ({ items: Array.from({ length: count }, () => ({ path: 'a.txt' })) });
