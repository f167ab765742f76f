import { expect } from '@jest/globals';
import { type Case, items, read, reading, readOf } from './case.js';
import type { Reply } from './evidence.js';
import { LATIN1 } from './world.js';

/** A list in the structured content. */
const listIn = <T>({ message }: Reply, name: string): T[] => message!.result!.structuredContent![name] as T[];

/** What must work. */
export const workingCases = (): Case[] => [
  ...[
    'a.txt',
    'src/index.ts',
    'src/deep/x.ts',
    'sub/word.txt',
    'no-newline.txt',
    './a.txt',
    'inner',
    'inner-absolute',
    'inner-folder/index.ts',
    'src/up-and-in',
    'hop2',
    'hard',
    '.env',
    '...',
    'a..b/c..',
    '~/.ssh/word.txt',
    '$HOME/x',
  ].flatMap((each) => reading(each === 'hard' ? 'F23' : each === 'hop2' ? 'F10' : 'positive', each)),
  read(
    'positive',
    'several files, of which some fail',
    { items: ['a.txt', '../outside/secret.txt', 'link', 'p2', 'src/index.ts'].map((each) => ({ path: each })) },
    'success',
    (reply) =>
      expect(listIn<{ error?: { code: string } }>(reply, 'items').map(({ error }) => error?.code)).toEqual([
        undefined,
        'PATH_OUTSIDE_WORKSPACE',
        'SYMLINK_ESCAPE',
        'NOT_REGULAR_FILE',
        undefined,
      ]),
  ),
  read('F40', '20 items', items(20), 'success'),
  read('D12', 'a range beyond the end', { items: [{ path: 'a.txt', start_line: 1_000_000_000 }] }, 'success'),
  // The bytes are sent once, whichever part of the answer has them.
  read('F52', 'latin1 as base64', { items: [{ path: 'latin1.txt' }], as: 'base64' }, 'success', ({ bytes }) =>
    expect(bytes.toString('utf8').split(LATIN1.toString('base64'))).toHaveLength(2),
  ),
  read('F52', 'latin1 as text', readOf('latin1.txt'), 'UNSUPPORTED_ENCODING'),
  read('O02', 'text a terminal would act on', readOf('hostile.txt'), 'success'),
  read(
    'O02',
    'text a terminal would act on, beside an image',
    { items: [{ path: 'hostile.txt' }, { path: 'image.png' }] },
    'success',
  ),
  ...listed(),
];

const LINKS_OUT = [
  'link',
  'link-missing',
  'dangling',
  'dir',
  'dir-evil',
  'to-root',
  'proc',
  'environ',
  'zero',
  'c3',
  'loop1',
  'self',
];
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
  ...['CANARY', 'root:', 'PATH='].map((query): Case => ({
    row: 'F37',
    what: `search_text for ${query} in a tree with links out`,
    attempt: { tool: 'search_text', args: { query, include_ignored: true } },
    expected: 'success',
    also: (reply) => expect(listIn(reply, 'matches')).toEqual([]),
  })),
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
