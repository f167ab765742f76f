import { expect } from '@jest/globals';
import { type Case, noReading, reading } from './case.js';
import type { Reply } from './evidence.js';
import { LATIN1 } from './world.js';

const OUTSIDE = 'PATH_OUTSIDE_WORKSPACE';
const LINK = 'SYMLINK_ESCAPE';

/** A list in the structured content. */
const listIn = <T>({ message }: Reply, name: string): T[] => message!.result!.structuredContent![name] as T[];
const read = (row: string, what: string, args: unknown, expected: string, also?: Case['also']): Case => ({
  row,
  what,
  attempt: { tool: 'read_files', args },
  expected,
  ...(also && { also }),
});
const path = (given: unknown): unknown => ({ items: [{ path: given }] });

/** @param base absolute path of the folder that holds the workspace and what is outside of it */
export const readCases = (base: string): Case[] => [
  // Out by text.
  ...noReading('F01', '../outside/secret.txt', OUTSIDE),
  ...noReading('F01', 'src/../../outside/secret.txt', OUTSIDE),
  ...noReading('F01', '..', OUTSIDE),
  ...noReading('F01', 'a.txt/..', OUTSIDE),
  ...['/etc/passwd', '//etc/passwd', '/./etc/passwd', `${base}/outside/secret.txt`, '/'].flatMap((each) => noReading('F03', each, OUTSIDE)),
  ...['../ws-evil/secret.txt', `${base}/ws-evil/secret.txt`, `${base}/ws/../ws-evil/secret.txt`].flatMap((each) => noReading('F05', each, OUTSIDE)),
  ...['/proc/self/root/etc/passwd', '/proc/self/environ', '/dev/stdin'].flatMap((each) => noReading('F11', each, OUTSIDE)),
  // Out by links, whether or not something is there.
  ...['link', 'link-relative', 'link-missing', 'dangling', 'dir/secret.txt', 'dir', 'dir-evil/secret.txt', 'src/up/secret.txt', 'inner-folder/up/secret.txt', 'to-root/etc/passwd', 'to-root'].flatMap(
    (each) => noReading('F06', each, LINK),
  ),
  ...['c1/secret.txt', 'loop1', 'loop1/x', 'self', 'hop1'].flatMap((each) => noReading('F10', each, LINK)),
  ...['proc/etc/passwd', 'own-folder/package.json'].flatMap((each) => noReading('F11', each, LINK)),
  ...['environ', 'environ-1', 'memory', 'descriptor', 'stdin', 'dev-fd'].flatMap((each) => noReading('F12', each, LINK)),
  ...['zero', 'random'].flatMap((each) => noReading('D11', each, LINK)),
  // Names that other programs would expand, normalise or decode.
  ...['．．／outside／secret.txt', '\u2024\u2024/outside/secret.txt', '\u2025/outside/secret.txt', '..\u2215outside\u2215secret.txt', '%2e%2e/outside/secret.txt'].flatMap((each) =>
    noReading('F16', each, 'NOT_FOUND'),
  ),
  ...['..\\..\\outside\\secret.txt', 'src\\index.ts', '\\etc\\passwd', 'C:\\x'].flatMap((each) => noReading('F18', each, 'NOT_FOUND')),
  ...noReading('F18', '..\\/outside/secret.txt', 'NOT_FOUND'),
  ...['~/.ssh/id_rsa', '$HOME/.ssh/id_rsa', '${HOME}/x', '~root/x', '~'].flatMap((each) =>
    noReading('F20', each, { else: 'NOT_FOUND', ...(each === '~' && { read_files: 'NOT_REGULAR_FILE', 'read_files as base64': 'NOT_REGULAR_FILE', list_files: 'success', search_text: 'success' }) }),
  ),
  ...[`file://${base}/outside/secret.txt`, 'file:///etc/passwd', 'http://127.0.0.1/x'].flatMap((each) => noReading('F21', each, 'INVALID_ARGUMENT')),
  ...[{ href: `file://${base}/outside/secret.txt` }, ['../outside/secret.txt'], null, 7, { toString: 'x' }].map((each) =>
    read('F21', `${JSON.stringify(each).slice(0, 40)} as a path`, path(each), 'INVALID_ARGUMENT'),
  ),
  ...resourceCases(base),
  ...oddities(base),
  ...positives(),
];

/** F22 and D09: what is no resource does not exist. */
const resourceCases = (base: string): Case[] =>
  [
    `file://${base}/ws/../outside/secret.txt`,
    `file://${base}/outside/secret.txt`,
    'file://evil/ws/a.txt',
    `file://${base}/ws/%2e%2e/outside/secret.txt`,
    'workspace://../outside/secret.txt',
    'workspace://ws/../outside/secret.txt',
    'workspace://ws/%2e%2e/outside/secret.txt',
    'workspace://ws/%252e%252e/outside/secret.txt',
    'workspace://ws/..%2foutside%2fsecret.txt',
    'workspace://ws//etc/passwd',
    'workspace://ws/%2fetc%2fpasswd',
    'workspace://ws/a.txt%00.png',
    'workspace://ws/%ff',
    'workspace://ws/%',
    'workspace://ws/',
    'workspace://WS/a.txt',
    'workspace://outside/secret.txt',
    'workspace://__proto__/a.txt',
    'workspace://ws@evil/a.txt',
    'workspace://ws/a.txt?x=1',
    'workspace:ws/a.txt',
    'WORKSPACE://ws/a.txt',
    `workspace://ws/${'{'.repeat(4_000)}`,
    `workspace://ws/${'a/'.repeat(3_000)}`,
  ].map((uri) => ({ row: 'F22', what: `resources/read of ${JSON.stringify(uri.slice(0, 60))}`, attempt: { uri }, expected: -32602 }));

/** Names and counts beyond every bound, workspaces that are not there, and what is no regular file. */
const oddities = (base: string): Case[] => [
  ...noReading('F40', 'x'.repeat(256), 'INVALID_ARGUMENT'),
  ...noReading('F40', 'a/'.repeat(2_500), 'INVALID_ARGUMENT'),
  ...noReading('F40', 'x'.repeat(255), 'NOT_FOUND'),
  ...[21, 40].map((count) => read('F40', `${count} items`, { items: Array(count).fill({ path: 'a.txt' }) }, 'INVALID_ARGUMENT')),
  ...['\u0000', 'a.txt\u0000.png', 'a\nb', '\u001b]0;x\u0007', '\ud800x', '\u009b31m\ud800', 'a//b', 'a/./b', ''].flatMap((each) =>
    noReading('F41', each, 'INVALID_ARGUMENT').filter(({ attempt }) => 'tool' in attempt),
  ),
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
      also: ({ message }: Reply) => expect(message!.result!.content![0]!.text).toBe('NOT_FOUND: There is no such workspace. Hint: Leave it out to use the default workspace.'),
    })),
  ),
  ...['p1', 'socket'].flatMap((each) => noReading('D10', each, { else: 'NOT_REGULAR_FILE', list_files: 'success' })),
  ...[{ start_line: -1 }, { start_line: 0 }, { start_line: 2 ** 53 }, { start_line: 1.5 }, { end_line: -1 }, { tail: 0 }, { tail: 2 ** 31 }, { start_line: 3, end_line: 2 }, { tail: 1, start_line: 1 }].map((range) =>
    read('D12', `the range ${JSON.stringify(range)}`, { items: [{ path: 'a.txt', ...range }] }, 'INVALID_ARGUMENT'),
  ),
  ...noReading('O02', `${base}/ws/\u009b31m`, OUTSIDE),
  {
    row: 'O02',
    what: 'search_text for a regular expression that a terminal would act on',
    attempt: { tool: 'search_text', args: { query: '\u009b31m\u007f(', literal: false } },
    expected: 'UNSUPPORTED_REGEX',
  },
  ...[['paths', ['a.txt']], ['Items', [{ path: 'a.txt' }]], ['constructor', 1]].map(([key, value]) =>
    read('S03', `the unknown key ${String(key)}`, { items: [{ path: 'a.txt' }], [String(key)]: value }, 'INVALID_ARGUMENT'),
  ),
  ...['no_such_tool', '__proto__', 'constructor', 'Read_Files', 'read_files ', 'read_files\u200b'].map((tool) => ({
    row: 'S01',
    what: `the tool ${JSON.stringify(tool)}`,
    attempt: { tool, args: { items: [{ path: 'a.txt' }] } },
    expected: -32602,
  })),
];

/** What must work. */
const positives = (): Case[] => [
  ...['a.txt', 'src/index.ts', 'src/deep/x.ts', './a.txt', 'inner', 'inner-absolute', 'inner-folder/index.ts', 'src/up-and-in', 'hop2', 'hard', '.env', '...', 'a..b/c..', '~/.ssh/word.txt', '$HOME/x'].flatMap((each) =>
    reading(each === 'hard' ? 'F23' : each === 'hop2' ? 'F10' : 'positive', each),
  ),
  read('positive', 'several files, of which some fail', { items: ['a.txt', '../outside/secret.txt', 'link', 'p2', 'src/index.ts'].map((each) => ({ path: each })) }, 'success', (reply) =>
    expect(listIn<{ error?: { code: string } }>(reply, 'items').map(({ error }) => error?.code)).toEqual([undefined, OUTSIDE, LINK, 'NOT_REGULAR_FILE', undefined]),
  ),
  read('F40', '20 items', { items: Array(20).fill({ path: 'a.txt' }) }, 'success'),
  read('D12', 'a range beyond the end', { items: [{ path: 'a.txt', start_line: 1_000_000_000 }] }, 'success'),
  read('F52', 'latin1 as base64', { items: [{ path: 'latin1.txt' }], as: 'base64' }, 'success', (reply) =>
    expect(listIn<{ content: string }>(reply, 'items')[0]!.content).toBe(LATIN1.toString('base64')),
  ),
  read('F52', 'latin1 as text', path('latin1.txt'), 'UNSUPPORTED_ENCODING'),
  read('O02', 'text a terminal would act on', path('hostile.txt'), 'success'),
  read('O02', 'text a terminal would act on, beside an image', { items: [{ path: 'hostile.txt' }, { path: 'image.png' }] }, 'success'),
  ...listed(),
];

const LINKS_OUT = ['link', 'link-missing', 'dangling', 'dir', 'dir-evil', 'to-root', 'proc', 'environ', 'zero', 'c3', 'loop1', 'self'];
interface Entry {
  readonly path: string;
  readonly type: string;
  readonly link_target?: string;
  readonly unreadable_name?: boolean;
}

/** F37 and F39: trees with links out and with names that are hard to show. */
const listed = (): Case[] => [
  {
    row: 'F37',
    what: 'list_files of a tree with links out',
    attempt: { tool: 'list_files', args: { depth: 10, include_ignored: true } },
    expected: 'success',
    also: (reply) => {
      const entries = listIn<Entry>(reply, 'entries');
      const out = entries.filter(({ path }) => LINKS_OUT.includes(path));
      expect(out.map(({ type, link_target }) => [type, link_target])).toEqual(LINKS_OUT.map(() => ['link', undefined]));
      expect(entries.find(({ path }) => path === 'inner')).toMatchObject({ type: 'link', link_target: 'a.txt' });
      expect(entries.filter(({ path }) => /^(?:link|dir|proc|to-root|c3|git|inner-folder)\//.test(path))).toEqual([]);
    },
  },
  ...['CANARY', 'root:', 'PATH='].map(
    (query): Case => ({
      row: 'F37',
      what: `search_text for ${query} in a tree with links out`,
      attempt: { tool: 'search_text', args: { query, include_ignored: true } },
      expected: 'success',
      also: (reply) => expect(listIn(reply, 'matches')).toEqual([]),
    }),
  ),
  {
    row: 'F37',
    what: 'search_text in a tree with links out',
    attempt: { tool: 'search_text', args: { query: 'word', max_results: 100 } },
    expected: 'success',
    also: (reply) => {
      const found = listIn<{ path: string }>(reply, 'matches').map((match) => match.path);
      expect(found).toContain('src/deep/x.ts');
      expect(found.filter((each) => each.startsWith('inner'))).toEqual([]);
    },
  },
  {
    row: 'F39',
    what: 'list_files of names that are hard to show',
    attempt: { tool: 'list_files', args: { path: 'names' } },
    expected: 'success',
    also: (reply) => {
      const entries = listIn<Entry>(reply, 'entries');
      expect(entries).toHaveLength(5);
      expect(entries.filter(({ unreadable_name }) => unreadable_name)).toMatchObject([{ path: 'names/byte-\\xff' }]);
    },
  },
  {
    row: 'F39',
    what: 'search_text in names that are hard to show',
    attempt: { tool: 'search_text', args: { path: 'names', query: 'word' } },
    expected: 'success',
    also: (reply) => expect(listIn(reply, 'matches')).toHaveLength(5),
  },
];
