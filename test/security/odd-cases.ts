import { expect } from '@jest/globals';
import { type Case, items, noReading, read } from './case.js';
import type { Reply } from './evidence.js';

/** Names and counts beyond every bound, workspaces that are not there, and what is no regular file. */
export const oddCases = (base: string): Case[] => [
  ...noReading('F40', 'x'.repeat(256), 'INVALID_ARGUMENT'),
  ...noReading('F40', 'a/'.repeat(2_500), 'INVALID_ARGUMENT'),
  ...noReading('F40', 'x'.repeat(255), 'NOT_FOUND'),
  ...[21, 40].map((count) => read('F40', `${count} items`, items(count), 'INVALID_ARGUMENT')),
  ...[
    '\u0000',
    'a.txt\u0000.png',
    'a\nb',
    '\u001b]0;x\u0007',
    '\ud800x',
    '\u009b31m\ud800',
    'a//b',
    'a/./b',
    '',
  ].flatMap((each) => noReading('F41', each, 'INVALID_ARGUMENT').filter(({ attempt }) => 'tool' in attempt)),
  ...['../other', '__proto__', 'constructor', '', 'WS', 'ws ', 'x'.repeat(10_000)].flatMap((workspace) =>
    [
      ['read_files', { workspace, items: [{ path: 'a.txt' }] }],
      ['list_files', { workspace }],
      ['search_text', { workspace, query: 'word' }],
      ['edit_file', { workspace, path: 'a.txt', edits: [{ old: 'word', new: 'x' }] }],
      ['write_file', { workspace, path: 'new-in-no-workspace.txt', content: 'x' }],
    ].map(([tool, args]) => ({
      row: 'F44',
      what: `${String(tool)} in the workspace ${JSON.stringify(workspace.slice(0, 20))}`,
      attempt: { tool: String(tool), args },
      expected: 'NOT_FOUND',
      also: ({ message }: Reply) =>
        expect(message!.result!.content![0]!.text).toBe(
          'NOT_FOUND: There is no such workspace. Hint: Leave it out to use the default workspace.',
        ),
    })),
  ),
  ...['p1', 'socket'].flatMap((each) => noReading('D10', each, { else: 'NOT_REGULAR_FILE', list_files: 'success' })),
  ...[
    { start_line: -1 },
    { start_line: 0 },
    { start_line: 2 ** 53 },
    { start_line: 1.5 },
    { end_line: -1 },
    { tail: 0 },
    { tail: 2 ** 31 },
    { start_line: 3, end_line: 2 },
    { tail: 1, start_line: 1 },
  ].map((range) =>
    read('D12', `the range ${JSON.stringify(range)}`, { items: [{ path: 'a.txt', ...range }] }, 'INVALID_ARGUMENT'),
  ),
  ...noReading('O02', `${base}/ws/\u009b31m`, 'PATH_OUTSIDE_WORKSPACE'),
  {
    row: 'O02',
    what: 'search_text for a regular expression that a terminal would act on',
    attempt: { tool: 'search_text', args: { query: '\u009b31m\u007f(', literal: false } },
    expected: 'UNSUPPORTED_REGEX',
  },
  ...[
    ['paths', ['a.txt']],
    ['Items', [{ path: 'a.txt' }]],
    ['constructor', 1],
  ].map(([key, value]) =>
    read(
      'S03',
      `the unknown key ${String(key)}`,
      { items: [{ path: 'a.txt' }], [String(key)]: value },
      'INVALID_ARGUMENT',
    ),
  ),
  ...['no_such_tool', '__proto__', 'constructor', 'Read_Files', 'read_files ', 'read_files\u200b'].map((tool) => ({
    row: 'S01',
    what: `the tool ${JSON.stringify(tool)}`,
    attempt: { tool, args: { items: [{ path: 'a.txt' }] } },
    expected: -32602,
  })),
];
