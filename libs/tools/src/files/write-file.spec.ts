import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LOCAL_PRINCIPAL } from '@app/mcp';
import { TestKit } from '@app/testing';
import { Workspaces } from '../workspace/workspaces.js';
import { EditFile } from './edit-file.js';
import { FileTools } from './file.toolset.js';
import { ReadFiles } from './read-files.js';
import type { WriteFileOutput } from './write-file.schema.js';
import { WriteFile } from './write-file.js';

let base: string;
let root: string;
let outside: string;
let kit: TestKit;

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'write-')));
  root = join(base, 'ws');
  outside = join(base, 'outside');
  await mkdir(join(root, '.git/hooks'), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, 'secret.txt'), 'untouched');
  kit = await TestKit.start({
    workspace: root,
    toolsetClasses: [FileTools],
    providers: [Workspaces, ReadFiles, EditFile, WriteFile],
  });
});
afterAll(async () => {
  await kit.stop();
  await rm(base, { recursive: true, force: true });
});

const write = (path: string, content: string, options: object = {}): Promise<WriteFileOutput> =>
  kit.succeed<WriteFileOutput>('write_file', { path, content, ...options });
const refused = (path: string, content: string, options: object = {}) =>
  kit.fail('write_file', { path, content, ...options });
const put = (name: string, text: string): Promise<void> => writeFile(join(root, name), text);
const content = (name: string): Promise<string> => readFile(join(root, name), 'utf8');
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

describe('write_file', () => {
  it.each(['create', 'append'])('writes nothing for a caller who went before it began to: %s', async (mode) => {
    const path = `gone-${mode}.txt`;
    if (mode === 'append') await put(path, 'before');
    const { tree } = kit.get(Workspaces).get(LOCAL_PRINCIPAL);
    const controller = new AbortController();
    const { resolve } = tree;
    let resolved = 0;
    // The second time it is resolved the call has its turn, and nothing is left but the write.
    tree.resolve = async (...given) => {
      const found = await resolve.apply(tree, given);
      if (given[0] === path && ++resolved === 2) controller.abort();
      return found;
    };
    const outcome = await kit.call('write_file', { path, content: 'x', mode }, { signal: controller.signal });
    tree.resolve = resolve;
    expect(outcome).toMatchObject({ kind: 'failure', error: { code: 'CANCELLED' } });
    // Whoever writes it next gets his turn after the cancelled call has ended.
    await write(path, '!', { mode: 'append' });
    expect(await content(path)).toBe(mode === 'append' ? 'before!' : '!');
  });

  it('creates a file and its folders, exactly as given', async () => {
    const text = '\ufeffone\r\ntwo\n\u0000end';
    expect(await write('a/b/new.txt', text)).toEqual({
      path: 'a/b/new.txt',
      status: 'created',
      bytes: Buffer.byteLength(text),
      sha256: sha256(text),
      diff_stat: { added: 3, removed: 0 },
      undo: 'none',
    });
    expect(await content('a/b/new.txt')).toBe(text);
    expect(await write('empty', '')).toMatchObject({ bytes: 0, diff_stat: { added: 0, removed: 0 } });
    expect((await refused('empty', 'x')).code).toBe('CONFLICT');
    expect(await content('empty')).toBe('');
  });

  it('overwrites only what was read', async () => {
    await put('over', 'one\ntwo\nthree\n');
    expect(await refused('over', 'x', { mode: 'overwrite' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await refused('over', 'x', { mode: 'overwrite', if_match: sha256('other') })).toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining(sha256('one\ntwo\nthree\n')),
    });
    expect(
      await write('over', 'one\n2\nthree\nfour\n', { mode: 'overwrite', if_match: sha256('one\ntwo\nthree\n') }),
    ).toMatchObject({
      status: 'overwritten',
      diff_stat: { added: 2, removed: 1 },
      sha256: sha256('one\n2\nthree\nfour\n'),
    });
    expect(
      await write('over', 'one\n2\nthree\nfour\n', { mode: 'overwrite', if_match: sha256('one\n2\nthree\nfour\n') }),
    ).toMatchObject({
      status: 'unchanged',
    });
    expect((await refused('nope', 'x', { mode: 'overwrite', if_match: sha256('') })).code).toBe('NOT_FOUND');
  });

  it('lets exactly one of two overwrites with the same if_match win', async () => {
    for (let round = 0; round < 10; round++) {
      await put('race', `round ${round}`);
      const outcomes = await Promise.all(
        ['left', 'right'].map((text) =>
          kit.call('write_file', {
            path: 'race',
            content: text,
            mode: 'overwrite',
            if_match: sha256(`round ${round}`),
          }),
        ),
      );
      const codes = outcomes.map((outcome) => (outcome.kind === 'failure' ? outcome.error.code : outcome.kind));
      expect([...codes].sort()).toEqual(['CONFLICT', 'success']);
      expect(await content('race')).toBe(['left', 'right'][codes.indexOf('success')]);
    }
  });

  it('appends, creating the file where there is none, and keeps all of 50 at once', async () => {
    expect(await write('log', 'first\n', { mode: 'append' })).toMatchObject({ status: 'created' });
    await Promise.all(Array.from({ length: 50 }, (_, index) => write('log', `line ${index}\n`, { mode: 'append' })));
    const lines = (await content('log')).split('\n').slice(0, -1);
    expect(lines).toHaveLength(51);
    expect(new Set(lines).size).toBe(51);
    const whole = await content('log');
    expect(await write('log', 'end\n', { mode: 'append', if_match: sha256(whole) })).toMatchObject({
      status: 'appended',
      sha256: sha256(`${whole}end\n`),
      bytes: whole.length + 4,
      diff_stat: { added: 1, removed: 0 },
    });
    expect((await refused('log', 'x', { mode: 'append', if_match: sha256(whole) })).code).toBe('CONFLICT');
    expect(await write('log', '', { mode: 'append' })).toMatchObject({ status: 'unchanged' });
  });

  it('creates for one of 20 at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => kit.call('write_file', { path: 'fresh/file', content: `by ${index}` })),
    );
    const winners = outcomes.flatMap(({ kind }, index) => (kind === 'success' ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(await content('fresh/file')).toBe(`by ${winners[0]}`);
  });

  it('changes nothing in a dry run', async () => {
    await put('dry', 'old\n');
    const before = await stat(join(root, 'dry'));
    expect(await write('not/there', 'a\nb\n', { dry_run: true })).toEqual({
      path: 'not/there',
      status: 'dry_run',
      diff_stat: { added: 2, removed: 0 },
      undo: 'none',
    });
    expect(await write('dry', 'new\n', { mode: 'overwrite', if_match: sha256('old\n'), dry_run: true })).toMatchObject({
      status: 'dry_run',
      sha256: sha256('old\n'),
      diff_stat: { added: 1, removed: 1 },
    });
    expect(await write('dry', 'more\n', { mode: 'append', dry_run: true })).toMatchObject({
      status: 'dry_run',
      bytes: 4,
    });
    expect((await refused('dry', 'x', { dry_run: true })).code).toBe('CONFLICT');
    expect((await stat(join(root, 'dry'))).mtimeMs).toBe(before.mtimeMs);
    expect(await readdir(root)).not.toContain('not');
  });

  it('takes base64 and nothing that only looks like it', async () => {
    const data = Buffer.from([0, 255, 128, 10]);
    await write('binary', data.toString('base64'), { encoding: 'base64' });
    expect((await readFile(join(root, 'binary'))).equals(data)).toBe(true);
    for (const wrong of ['AAA', 'A A=', '====', 'AA=A', 'ab-_', 'AAAA\n'])
      expect([wrong, (await refused('b2', wrong, { encoding: 'base64' })).code]).toEqual([wrong, 'INVALID_ARGUMENT']);
    expect(await write('b3', '', { encoding: 'base64' })).toMatchObject({ bytes: 0 });
  });

  it('takes 5 MB and no more', async () => {
    expect(await write('limit', 'x'.repeat(5_000_000))).toMatchObject({ bytes: 5_000_000 });
    expect((await refused('over-limit', 'x'.repeat(5_000_001))).code).toBe('LIMIT');
    expect((await refused('over-limit', 'ü'.repeat(2_500_001))).code).toBe('LIMIT');
    const base64 = Buffer.alloc(5_000_001).toString('base64');
    expect((await refused('over-limit', base64, { encoding: 'base64' })).code).toBe('LIMIT');
    expect(await readdir(root)).not.toContain('over-limit');
  });

  it('refuses text that no file can hold', async () => {
    for (const [path, text] of [
      ['\ud800x', 'ok'],
      ['ok.txt', 'a\ud800'],
    ] as const)
      expect((await refused(path, text)).code).toBe('INVALID_ARGUMENT');
    expect((await readdir(root)).filter((name) => name.includes('\ufffd') || name === 'ok.txt')).toEqual([]);
  });
});

describe('write_file and what it must not touch', () => {
  const modes = [{}, { mode: 'append' }, { mode: 'overwrite', if_match: sha256('untouched') }];

  it('writes nothing outside, whatever leads there', async () => {
    await symlink(join(outside, 'secret.txt'), join(root, 'l'));
    await symlink(join(outside, 'new.txt'), join(root, 'd'));
    await symlink(outside, join(root, 'dir'));
    await symlink('l2', join(root, 'l1'));
    await symlink('l1', join(root, 'l2'));
    const before = await stat(join(outside, 'secret.txt'));
    for (const options of modes) {
      for (const path of ['l', 'd', 'dir/new.txt', 'dir/x/y/new.txt', 'dir/secret.txt', 'l1', 'l1/x'])
        expect([path, (await refused(path, 'x', options)).code]).toEqual([path, 'SYMLINK_ESCAPE']);
      for (const path of ['../outside/new.txt', join(outside, 'new.txt'), 'a/../../outside/new.txt'])
        expect([path, (await refused(path, 'x', options)).code]).toEqual([path, 'PATH_OUTSIDE_WORKSPACE']);
    }
    expect(await readdir(outside)).toEqual(['secret.txt']);
    expect((await stat(join(outside, 'secret.txt'))).mtimeMs).toBe(before.mtimeMs);
    expect((await lstat(join(root, 'l'))).isSymbolicLink()).toBe(true);
  });

  it('keeps hard links to outside files apart', async () => {
    await link(join(outside, 'secret.txt'), join(root, 'h'));
    expect((await refused('h', 'x', { mode: 'append' })).code).toBe('POLICY_DENIED');
    await write('h', 'mine', { mode: 'overwrite', if_match: sha256('untouched') });
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('untouched');
    expect(await content('h')).toBe('mine');
  });

  it('refuses protected names in every mode', async () => {
    await symlink('.git', join(root, 'g'));
    await symlink('.git/hooks/pre-commit', join(root, 'hook'));
    for (const options of modes) {
      for (const path of [
        '.git/config',
        '.git/hooks/pre-commit',
        'sub/.git/config',
        '.GIT/config',
        '.git./x',
        '.git /x',
        '.g\u200cit/config',
        'git~1/config',
        'g/config',
        'hook',
        '.git',
      ])
        expect([path, (await refused(path, 'x', options)).code]).toEqual([path, 'PROTECTED_PATH']);
      for (const path of ['.mcp.json', '.vscode/tasks.json', '.husky/x', '.npmrc', '.env'])
        expect([path, (await refused(path, 'x', options)).code]).toEqual([path, 'POLICY_DENIED']);
    }
    expect(await readdir(join(root, '.git'))).toEqual(['hooks']);
    expect(await readdir(join(root, '.git/hooks'))).toEqual([]);
    expect(await write('.env.example', 'A=\n')).toMatchObject({ status: 'created' });
    expect(await write('.gitignore', 'dist\n')).toMatchObject({ status: 'created' });
  });

  it('follows links inside and keeps them', async () => {
    await put('real', 'old');
    await symlink('real', join(root, 'in'));
    await symlink('made-by-link', join(root, 'dangling'));
    expect(await write('in', 'new', { mode: 'overwrite', if_match: sha256('old') })).toMatchObject({ path: 'real' });
    expect(await write('dangling', 'made')).toMatchObject({ path: 'made-by-link', status: 'created' });
    expect(await content('real')).toBe('new');
    expect((await lstat(join(root, 'in'))).isSymbolicLink()).toBe(true);
    expect((await lstat(join(root, 'dangling'))).isSymbolicLink()).toBe(true);
  });

  it('refuses folders and FIFOs at once', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    await mkdir(join(root, 'folder'));
    const start = performance.now();
    for (const options of modes)
      for (const path of ['fifo', 'folder', '.'])
        expect([path, (await refused(path, 'x', options)).code]).toEqual([path, 'NOT_REGULAR_FILE']);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect((await refused('fifo/x', 'x')).code).toBe('NOT_FOUND');
  });

  it('leaves no temporary file behind', async () => {
    const names = await readdir(root, { recursive: true });
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
