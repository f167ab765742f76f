import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import type { ServerError } from '@app/mcp';
import { FileTree } from './file-tree.js';
import { sweepTemporaryFiles } from './sweep.js';
import { isTemporaryName, temporaryNameFor } from './temporary-file.js';

let base: string;
let root: string;
let outside: string;
let tree: FileTree;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'writer-')));
  root = join(base, 'ws');
  outside = join(base, 'outside');
  await mkdir(root);
  await mkdir(outside);
  await writeFile(join(outside, 'secret.txt'), 'untouched');
  await writeFile(join(root, 'a.txt'), 'old');
  tree = new FileTree(root, new Limits());
});
afterEach(() => rm(base, { recursive: true, force: true }));

const bytes = (text: string): Buffer => Buffer.from(text);
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: ServerError) => error.code,
  );
const create = async (path: string, text: string): Promise<void> =>
  tree.createFile(await tree.resolve(path, { missingParents: true }), bytes(text));
const replace = async (path: string, text: string): Promise<void> =>
  tree.replaceFile(await tree.resolve(path), bytes(text));
const append = async (path: string, text: string): Promise<void> =>
  tree.appendFile(await tree.resolve(path), bytes(text));
const content = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const temporaries = async (): Promise<string[]> =>
  (await readdir(root, { recursive: true })).filter((path) => isTemporaryName(path.split('/').at(-1)!));

describe('replaceFile', () => {
  it('keeps mode and owner, and leaves nothing behind', async () => {
    await chmod(join(root, 'a.txt'), 0o751);
    await replace('a.txt', 'new');
    expect(await content('a.txt')).toBe('new');
    expect((await stat(join(root, 'a.txt'))).mode & 0o7777).toBe(0o751);
    expect(await readdir(root)).toEqual(['a.txt']);
  });

  it('writes the target of an inner link and keeps the link', async () => {
    await symlink('a.txt', join(root, 'l'));
    await replace('l', 'new');
    expect(await content('a.txt')).toBe('new');
    expect((await lstat(join(root, 'l'))).isSymbolicLink()).toBe(true);
  });

  it('leaves the other name of a hard-linked file alone', async () => {
    await link(join(outside, 'secret.txt'), join(root, 'h'));
    await replace('h', 'new');
    expect(await content('h')).toBe('new');
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('untouched');
  });

  it('refuses a file that changed since it was read', async () => {
    const seen = await tree.resolve('a.txt');
    await writeFile(join(root, 'a.txt'), 'someone else');
    expect(await codeOf(tree.replaceFile(seen, bytes('mine'), seen.stats))).toBe('CONFLICT');
    expect(await content('a.txt')).toBe('someone else');
    expect(await temporaries()).toEqual([]);
  });

  it('refuses what is missing, a folder, a FIFO, and a path that became a link', async () => {
    await mkdir(join(root, 'dir'));
    await writeFile(join(root, 'dir/x'), 'x');
    execFileSync('mkfifo', [join(root, 'fifo')]);
    expect(await codeOf(replace('nope', 'x'))).toBe('NOT_FOUND');
    expect(await codeOf(replace('dir', 'x'))).toBe('NOT_REGULAR_FILE');
    expect(await codeOf(replace('fifo', 'x'))).toBe('NOT_REGULAR_FILE');
    expect(await codeOf(append('fifo', 'x'))).toBe('NOT_REGULAR_FILE');
    expect(await codeOf(replace('.', 'x'))).toBe('NOT_REGULAR_FILE');
    const resolved = await tree.resolve('dir/x');
    await rename(join(root, 'dir'), join(root, 'moved'));
    await symlink(outside, join(root, 'dir'));
    expect(await codeOf(tree.replaceFile(resolved, bytes('x')))).toBe('SYMLINK_ESCAPE');
    expect(await codeOf(tree.createFile({ canonical: 'dir/new', exists: false }, bytes('x')))).toBe('SYMLINK_ESCAPE');
    expect(await readdir(outside)).toEqual(['secret.txt']);
  });

  it('has room for a temporary name beside the longest names', async () => {
    for (const name of ['x'.repeat(255), 'ü'.repeat(127), '😀'.repeat(63)]) {
      await create(name, 'old');
      await replace(name, 'new');
      expect(await content(name)).toBe('new');
      expect(Buffer.byteLength(temporaryNameFor(name))).toBeLessThanOrEqual(255);
      expect(temporaryNameFor(name).isWellFormed()).toBe(true);
    }
  });
});

describe('createFile', () => {
  it('makes the folders on the way', async () => {
    await create('x/y/z/new.txt', 'hello');
    expect(await content('x/y/z/new.txt')).toBe('hello');
    expect((await stat(join(root, 'x/y/z/new.txt'))).mode & 0o111).toBe(0);
  });

  it('never replaces: of 20 at once one wins and its content stays', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => codeOf(create('race/new', `by ${index}`))),
    );
    expect(results.filter((result) => result === 'done')).toHaveLength(1);
    expect(results.filter((result) => result === 'CONFLICT')).toHaveLength(19);
    expect(await content('race/new')).toBe(`by ${results.indexOf('done')}`);
    expect(await temporaries()).toEqual([]);
  });

  it('creates the missing target of an inner link, and nothing for one that leaves', async () => {
    await symlink('made.txt', join(root, 'in'));
    await symlink(join(outside, 'new.txt'), join(root, 'd'));
    await symlink(outside, join(root, 'dir'));
    await create('in', 'x');
    expect(await content('made.txt')).toBe('x');
    for (const path of ['d', 'dir/new.txt', 'dir/x/y/new.txt'])
      expect([path, await codeOf(create(path, 'x'))]).toEqual([path, 'SYMLINK_ESCAPE']);
    expect(await readdir(outside)).toEqual(['secret.txt']);
  });

  it('removes the folders it made when the file cannot be made', async () => {
    expect(await codeOf(create(`p/q/${'x'.repeat(256)}`, 'x'))).toBe('INVALID_ARGUMENT');
    expect(await readdir(root)).toEqual(['a.txt']);
  });
});

describe('appendFile', () => {
  it('keeps all of 50 appends at once', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => append('a.txt', `\nline ${index}`)));
    const lines = (await content('a.txt')).split('\n').slice(1);
    expect(new Set(lines).size).toBe(50);
  });

  it('refuses a file with several names', async () => {
    await link(join(outside, 'secret.txt'), join(root, 'h'));
    expect(await codeOf(append('h', 'x'))).toBe('POLICY_DENIED');
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('untouched');
  });
});

describe('a write that cannot be finished', () => {
  it('reports a file size limit and leaves the target as it was', async () => {
    // 40 blocks of 1 KiB per file; the JSON answer goes to a pipe, which has no such limit.
    const answer = JSON.parse(
      runWriter(`ulimit -f 40; trap '' XFSZ; exec "$@"`, ['once', root, 'a.txt', '100000']),
    ) as object;
    expect(answer).toEqual({ replace: 'LIMIT', append: 'LIMIT', create: 'LIMIT' });
    expect(await content('a.txt')).toBe('old');
    expect(await readdir(root)).toEqual(['a.txt']);
  });

  it('reports a full disk and leaves the target as it was', async () => {
    if (!mount(root)) return;
    try {
      const old = Buffer.alloc(100_000, 'o');
      await writeFile(join(root, 'a.txt'), old);
      await writeFile(join(root, 'small.txt'), 'small');
      expect(await codeOf(replace('a.txt', 'n'.repeat(204_800)))).toBe('LIMIT');
      expect(await codeOf(create('new.txt', 'n'.repeat(204_800)))).toBe('LIMIT');
      expect(await codeOf(append('small.txt', 'n'.repeat(204_800)))).toBe('LIMIT');
      expect((await readFile(join(root, 'a.txt'))).equals(old)).toBe(true);
      expect(await content('small.txt')).toBe('small');
      expect((await readdir(root)).sort()).toEqual(['a.txt', 'small.txt']);
      await replace('small.txt', 'fits');
      expect(await content('small.txt')).toBe('fits');
    } finally {
      execFileSync('umount', [root]);
    }
  });

  it('shows the old or the new content after each of 20 kills', async () => {
    const versions = new Set(['A', 'B'].map((letter) => digest(Buffer.alloc(1_000_000, letter))));
    await writeFile(join(root, 'big'), Buffer.alloc(1_000_000, 'A'));
    for (let kill = 0; kill < 20; kill++) {
      await killDuringWrites(kill);
      expect(versions.has(digest(await readFile(join(root, 'big'))))).toBe(true);
    }
    const left = await temporaries();
    expect(await sweepTemporaryFiles(tree)).toMatchObject({ removed: 0, complete: true });
    expect(await sweepTemporaryFiles(tree, { olderThanMs: -1_000 })).toMatchObject({
      removed: left.length,
      complete: true,
    });
    expect(await temporaries()).toEqual([]);
  }, 60_000);
});

describe('sweepTemporaryFiles', () => {
  it('removes only its own old leftovers, follows no link and stops at its bound', async () => {
    const name = temporaryNameFor('f');
    const past = new Date(Date.now() - 3_600_000);
    for (const path of [
      join(root, 'd', name),
      join(outside, name),
      join(root, '.git', name),
      join(root, 'd/.x.123.tmp'),
    ]) {
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, 'x');
      await utimes(path, past, past);
    }
    await symlink(outside, join(root, 'out'));
    expect(await sweepTemporaryFiles(tree, { maxEntries: 1 })).toMatchObject({ complete: false });
    expect(await sweepTemporaryFiles(tree)).toMatchObject({ removed: 1, complete: true });
    expect(await readdir(join(root, 'd'))).toEqual(['.x.123.tmp']);
    expect(await readdir(outside)).toContain(name);
    expect(await readdir(join(root, '.git'))).toContain(name);
  });
});

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** A process of its own that writes through a FileTree. */
const WRITER = fileURLToPath(new URL('./fixtures/writer-process.mjs', import.meta.url));

function runWriter(script: string, args: string[]): string {
  return execFileSync('bash', ['-c', script, 'bash', process.execPath, '--no-warnings', WRITER, ...args], {
    encoding: 'utf8',
  });
}

/** Kills a process that overwrites a file in a loop, `after` milliseconds beyond its first finished write. */
async function killDuringWrites(after: number): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', WRITER, 'loop', root, 'big', '1000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => void child.once('exit', resolve));
  await new Promise((resolve) => void child.stdout.once('data', resolve));
  await new Promise((resolve) => void setTimeout(resolve, after));
  child.kill('SIGKILL');
  await ended;
}

function mount(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
