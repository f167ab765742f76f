import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Case, noWriting, writing } from './case.js';
import type { World } from './world.js';
import { BOM, CRLF, LATIN1, MIXED, NO_NEWLINE } from './world.js';

const OUTSIDE = 'PATH_OUTSIDE_WORKSPACE';
const LINK = 'SYMLINK_ESCAPE';
const INVALID = 'INVALID_ARGUMENT';

const contentOf = (world: World, path: string): Buffer => readFileSync(join(world.workspace, path));
const write = (
  row: string,
  what: string,
  args: Record<string, unknown>,
  expected: string,
  more: Partial<Case> = {},
): Case => ({
  row,
  what: `write_file ${what}`,
  attempt: { tool: 'write_file', args },
  expected,
  ...more,
});
const edit = (
  row: string,
  what: string,
  args: Record<string, unknown>,
  expected: string,
  more: Partial<Case> = {},
): Case => ({
  row,
  what: `edit_file ${what}`,
  attempt: { tool: 'edit_file', args },
  expected,
  ...more,
});

/** @param base absolute path of the folder that holds the workspace and what is outside of it */
export const writeCases = (base: string): Case[] => [
  ...['../outside/new.txt', 'src/../../outside/secret.txt', '..'].flatMap((each) => noWriting('F01', each, OUTSIDE)),
  ...[
    '/etc/new.txt',
    `${base}/outside/secret.txt`,
    `${base}/ws-evil/secret.txt`,
    '../ws-evil/new.txt',
    `${base}/ws/a.txt`,
  ].flatMap((each) => noWriting('F03', each, OUTSIDE)),
  ...['link', 'link-relative'].flatMap((each) => noWriting('F07', each, LINK)),
  ...['dangling', 'link-missing'].flatMap((each) => noWriting('F08', each, LINK)),
  ...[
    'dir/new.txt',
    'dir/x/y/new.txt',
    'dir-evil/new.txt',
    'evil-absolute/new.txt',
    'src/up/new.txt',
    'to-root/tmp/new.txt',
  ].flatMap((each) => noWriting('F09', each, LINK)),
  ...['c1/new.txt', 'hop1', 'loop1', 'loop1/x', 'self'].flatMap((each) => noWriting('F10', each, LINK)),
  ...['proc/tmp/new.txt', 'environ', 'memory', 'descriptor', 'stdin', 'own-folder/new.txt'].flatMap((each) =>
    noWriting('F12', each, LINK),
  ),
  ...[
    '.git/config',
    '.git/hooks/pre-commit',
    '.git',
    'sub/.git/config',
    '.GIT/config',
    '.Git/config',
    '.git./x',
    '.git /x',
    '.g\u200cit/config',
    '\ufeff.git/config',
    'git~1/config',
    'GIT~2/config',
    '.git::$INDEX_ALLOCATION/config',
    'x\\.git\\config',
    './.git/config',
    'git/config',
    'git/hooks/pre-commit',
  ].flatMap((each) => noWriting('F33', each, 'PROTECTED_PATH')),
  ...[
    '.mcp.json',
    'sub/.mcp.json',
    '.vscode/tasks.json',
    '.VSCODE/new.json',
    '.cursor/mcp.json',
    '.claude/settings.json',
    '.husky/pre-commit',
    '.npmrc',
    '.env',
    '.env.local',
    '.ENV.production',
    'sub/.env',
  ].flatMap((each) => noWriting('F35', each, 'POLICY_DENIED')),
  ...[
    '\ud800x.txt',
    'a\u0000b',
    'a\nb',
    '\u001b[2Jx',
    '',
    'new/',
    'a//b',
    'x'.repeat(256),
    `file://${base}/ws/x`,
  ].flatMap((each) => noWriting('F41', each, INVALID)),
  write('F41', 'of a lone surrogate', { path: 'surrogate.txt', content: 'x\ud800x' }, INVALID),
  edit('F41', 'to a lone surrogate', { path: 'a.txt', edits: [{ old: 'word', new: '\udc00' }] }, INVALID),
  ...noWriting('D10', 'p1', 'NOT_REGULAR_FILE'),
  ...noWriting('D10', 'socket', 'NOT_REGULAR_FILE'),
  ...[{ dryRun: true }, { Dry_Run: true }, { force: true }, { contents: 'x' }].map((flag) =>
    write('S03', `with the unknown key ${Object.keys(flag)[0]}`, { path: 'never.txt', content: 'x', ...flag }, INVALID),
  ),
  ...['CREATE', ['create'], 'create\u0000', 'delete'].map((mode) =>
    write('S06', `in the mode ${JSON.stringify(mode)}`, { path: 'never.txt', content: 'x', mode }, INVALID),
  ),
  ...hardLinks,
  ...versions,
  ...positives,
  ...encodings,
];

/** F23, as decided: a file with several names is read; a change gives the name in the workspace content of its own. */
const hardLinks: readonly Case[] = [
  write('F23', 'append to a file with a name outside', { path: 'hard', content: 'x', mode: 'append' }, 'POLICY_DENIED'),
  edit('F23', 'of a file with a name outside', { path: 'hard', edits: [{ old: 'word', new: 'own' }] }, 'success', {
    changes: ['hard'],
    also: (_reply, world) => {
      expect(contentOf(world, 'hard').toString()).toBe('shared own\n');
      expect(readFileSync(join(world.outside, 'shared.txt'), 'utf8')).toBe('shared word\n');
    },
  }),
];

const versions: readonly Case[] = [
  write('positive', 'create over a file', { path: 'a.txt', content: 'x' }, 'CONFLICT'),
  write('positive', 'overwrite without if_match', { path: 'a.txt', content: 'x', mode: 'overwrite' }, INVALID),
  write(
    'positive',
    'overwrite with another if_match',
    { path: 'a.txt', content: 'x', mode: 'overwrite', if_match: '0'.repeat(64) },
    'CONFLICT',
  ),
  edit(
    'positive',
    'with another if_match',
    { path: 'a.txt', edits: [{ old: 'word', new: 'x' }], if_match: 'f'.repeat(64) },
    'CONFLICT',
  ),
  edit(
    'positive',
    'of text that is not there',
    { path: 'a.txt', edits: [{ old: 'nothing like it', new: 'x' }] },
    INVALID,
  ),
];

/** What must work, and what it may change. */
const positives: readonly Case[] = [
  ...[
    'new.txt',
    'made/on/the/way/new.txt',
    '.gitignore',
    '.github/workflows/ci.yml',
    '.env.example',
    '..new',
    'C:new',
    'back\\slash.txt',
    '${HOME}.txt',
    '%2e%2e',
    '～.txt',
    '\u202eoverride.txt',
    'x'.repeat(255),
  ].flatMap((path) => writing('positive', path)),
  write('positive', 'through a link that stays inside', { path: 'inner-folder/made.txt', content: 'x' }, 'success', {
    changes: ['src/made.txt'],
  }),
  write('positive', 'as a dry run', { path: 'not-made.txt', content: 'x', dry_run: true }, 'success'),
  write('positive', 'appends', { path: 'log.txt', content: 'one\n', mode: 'append' }, 'success', {
    changes: ['log.txt'],
  }),
  write('positive', 'base64', { path: 'bytes.bin', content: '/+8A', encoding: 'base64' }, 'success', {
    changes: ['bytes.bin'],
    also: (_reply, world) => expect(contentOf(world, 'bytes.bin')).toEqual(Buffer.from('ffef00', 'hex')),
  }),
  edit(
    'positive',
    'through a link that stays inside',
    { path: 'inner', edits: [{ old: 'word', new: 'edited' }] },
    'success',
    {
      changes: ['a.txt'],
      also: (_reply, world) => expect(contentOf(world, 'a.txt').toString()).toBe('alpha\nedited\ngamma\n'),
    },
  ),
  edit('positive', 'as a dry run', { path: 'crlf.txt', edits: [{ old: 'word', new: 'x' }], dry_run: true }, 'success'),
  edit('positive', 'that changes nothing', { path: 'crlf.txt', edits: [{ old: 'word', new: 'word' }] }, 'success'),
  edit(
    'O02',
    'of a file whose lines a terminal would act on',
    { path: 'hostile.txt', edits: [{ old: 'sound', new: 'noise' }] },
    'success',
    { changes: ['hostile.txt'] },
  ),
  edit(
    'O02',
    'that is close to a line a terminal would act on',
    { path: 'hostile.txt', edits: [{ old: 'noise \u001b[2J31m line', new: 'x' }] },
    INVALID,
  ),
];

/** F52: only the edited bytes differ. */
const encodings: readonly Case[] = [
  ...(
    [
      ['crlf.txt', Buffer.from(CRLF)],
      ['mixed.txt', Buffer.from(MIXED)],
      ['bom.txt', Buffer.from(BOM)],
      ['latin1.txt', LATIN1],
      ['no-newline.txt', Buffer.from(NO_NEWLINE)],
    ] as const
  ).map(([path, before]) =>
    edit('F52', `of ${path}`, { path, edits: [{ old: 'word', new: 'wörter'.replace('ö', 'o') }] }, 'success', {
      changes: [path],
      also: (_reply, world) => {
        const at = before.indexOf('word');
        const expected = Buffer.concat([before.subarray(0, at), Buffer.from('worter'), before.subarray(at + 4)]);
        expect(contentOf(world, path)).toEqual(expected);
      },
    }),
  ),
  edit(
    'F52',
    'of latin1 to what is no ASCII',
    { path: 'latin1.txt', edits: [{ old: 'worter', new: 'wörter' }] },
    'UNSUPPORTED_ENCODING',
  ),
];
