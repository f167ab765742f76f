import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { Limits } from '@app/config';
import type { ServerError } from '@app/mcp';
import { FileTree } from './file-tree.js';

const CANARY = 'CANARY_FS_7f3a';
let base: string;
let root: string;
let outside: string;
let tree: FileTree;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'tree-')));
  root = join(base, 'ws');
  outside = join(base, 'outside');
  await mkdir(join(root, 'src/deep'), { recursive: true });
  await mkdir(outside);
  await mkdir(join(base, 'ws-evil'));
  await writeFile(join(base, 'ws-evil/secret.txt'), CANARY);
  await writeFile(join(outside, 'secret.txt'), CANARY);
  await writeFile(join(root, 'src/deep/a.txt'), 'inside');
  tree = new FileTree(root, new Limits());
});
afterEach(() => rm(base, { recursive: true, force: true }));

const refusal = async (work: Promise<unknown>): Promise<ServerError> => {
  try {
    await work;
  } catch (error) {
    return error as ServerError;
  }
  throw new Error('was not refused');
};
const codeOf = async (work: Promise<unknown>): Promise<string> => (await refusal(work)).code;
const read = async (path: string): Promise<string> => {
  await using file = await tree.openFile(path);
  return file.handle.readFile('utf8');
};
const openDescriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

describe('resolve', () => {
  it('finds files, folders, the root and what is missing', async () => {
    expect(await tree.resolve('src/deep/a.txt')).toMatchObject({
      canonical: 'src/deep/a.txt',
      exists: true,
      kind: 'file',
    });
    expect(await tree.resolve('./src')).toMatchObject({ canonical: 'src', exists: true, kind: 'directory' });
    expect(await tree.resolve('.')).toEqual({ canonical: '', exists: true, kind: 'directory' });
    expect(await tree.resolve('src/new.txt')).toEqual({ canonical: 'src/new.txt', exists: false });
  });

  it('answers for missing folders only where asked', async () => {
    expect(await codeOf(tree.resolve('a/b/c.txt'))).toBe('NOT_FOUND');
    expect(await tree.resolve('a/b/c.txt', { missingParents: true })).toEqual({
      canonical: 'a/b/c.txt',
      exists: false,
    });
    expect(await codeOf(tree.resolve('src/deep/a.txt/x', { missingParents: true }))).toBe('NOT_FOUND');
  });

  it('follows links that stay inside: relative, absolute, chained, of folders, up and down', async () => {
    await symlink('deep/a.txt', join(root, 'src/one'));
    await symlink(join(root, 'src/one'), join(root, 'two'));
    await symlink('src/deep', join(root, 'dir'));
    await symlink('../src/../src/deep', join(root, 'src/up'));
    for (const path of ['src/one', 'two', 'dir/a.txt', 'src/up/a.txt'])
      expect(await tree.resolve(path)).toMatchObject({ canonical: 'src/deep/a.txt', kind: 'file' });
    await symlink('src/new.txt', join(root, 'dangling'));
    expect(await tree.resolve('dangling')).toEqual({ canonical: 'src/new.txt', exists: false });
    await symlink(root, join(root, 'self'));
    expect((await tree.resolve('self/self/src')).canonical).toBe('src');
  });

  it('can leave the last link alone', async () => {
    await symlink('/etc/passwd', join(root, 'out'));
    expect(await tree.resolve('out', { keepLastLink: true })).toMatchObject({ canonical: 'out', kind: 'link' });
  });

  it(
    injected(
      'escape',
      'FileTree',
      'refuses every link that leaves, whether or not anything is there, in the same words',
    ),
    async () => {
      const targets: Record<string, string> = {
        file: join(outside, 'secret.txt'),
        dir: outside,
        relative: '../outside/secret.txt',
        prefix: `${root}-evil/secret.txt`,
        through: `${root}/../outside/secret.txt`,
        dangling: join(outside, 'new.txt'),
        proc: '/proc/self/root',
        environ: '/proc/self/environ',
        stdin: '/dev/stdin',
        fd: '/proc/self/fd/3',
        round: `../outside/../ws/src/deep/a.txt`,
      };
      const texts = new Set<string>();
      for (const [name, target] of Object.entries(targets)) {
        await symlink(target, join(root, name));
        for (const path of [name, `${name}/x`, `${name}/x/y.txt`]) {
          const error = await refusal(tree.resolve(path, { missingParents: true }));
          expect([path, error.code]).toEqual([path, 'SYMLINK_ESCAPE']);
          expect(error.message).not.toContain(base);
          texts.add(error.message);
        }
      }
      expect(texts.size).toBe(1);
    },
  );

  it('ends at loops and long chains', async () => {
    await symlink('l2', join(root, 'l1'));
    await symlink('l1', join(root, 'l2'));
    await symlink('me/x', join(root, 'me'));
    await writeFile(join(root, 'c0'), 'end');
    for (let hop = 1; hop <= 41; hop++) await symlink(`c${hop - 1}`, join(root, `c${hop}`));
    const start = performance.now();
    expect(await codeOf(tree.resolve('l1'))).toBe('SYMLINK_ESCAPE');
    expect(await codeOf(tree.resolve('me'))).toBe('SYMLINK_ESCAPE');
    expect(await codeOf(tree.resolve('c41'))).toBe('SYMLINK_ESCAPE');
    expect(await read('c40')).toBe('end');
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('bounds the work a hostile link can cause', async () => {
    await symlink(`${'src/../'.repeat(500)}src`, join(root, 'zigzag'));
    expect((await tree.resolve('zigzag')).canonical).toBe('src');
    await symlink(`${'zigzag/../'.repeat(30)}src`, join(root, 'worse'));
    expect(await codeOf(tree.resolve('worse'))).toBe('SYMLINK_ESCAPE');
  });
});

describe('openFile', () => {
  it('reads files, also through inner links and hard links', async () => {
    await symlink('src', join(root, 'to-src'));
    expect(await read('src/deep/a.txt')).toBe('inside');
    expect(await read('to-src/deep/a.txt')).toBe('inside');
    await using file = await tree.openFile('to-src/deep/a.txt');
    expect(file.canonical).toBe('src/deep/a.txt');
  });

  it('refuses what is no regular file at once: folders, FIFOs, sockets, devices', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const socket = createServer().listen(join(root, 'socket'));
    const devices = await makeDevices();
    const start = performance.now();
    const codes = await Promise.all(
      ['src', '.', 'socket', ...devices, ...Array<string>(8).fill('fifo')].map((path) => codeOf(tree.openFile(path))),
    );
    expect(new Set(codes)).toEqual(new Set(['NOT_REGULAR_FILE']));
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(await read('src/deep/a.txt')).toBe('inside');
    await new Promise((closed) => void socket.close(closed));
  });

  it('says the same for a missing file and for one below a file', async () => {
    expect(await codeOf(tree.openFile('nope'))).toBe('NOT_FOUND');
    expect(await codeOf(tree.openFile('src/deep/a.txt/b'))).toBe('NOT_FOUND');
    expect(await codeOf(tree.openFile('src/deep/a.txt/'))).toBe('NOT_FOUND');
    expect(await codeOf(tree.openFile(`${'x'.repeat(256)}`))).toBe('INVALID_ARGUMENT');
  });

  it('takes literally what some programs expand or normalise', async () => {
    for (const path of [
      '~/.ssh/id_rsa',
      '$HOME/x',
      '．．／outside／secret.txt',
      '\u2024\u2024/outside/secret.txt',
      '..\\outside\\secret.txt',
    ])
      expect([path, await codeOf(tree.openFile(path))]).toEqual([path, 'NOT_FOUND']);
    await writeFile(join(root, '~'), 'tilde');
    expect(await read('~')).toBe('tilde');
  });

  it('never reads outside while a file is swapped for a link 2,000 times', async () => {
    const path = join(root, 'flip');
    const flips = { done: 0 };
    const seen = new Set<string>();
    const flipper = (async () => {
      for (; flips.done < 2_000; flips.done++) {
        await writeFile(`${path}.new`, 'inside');
        await rename(`${path}.new`, path);
        await symlink(join(outside, 'secret.txt'), `${path}.link`);
        await rename(`${path}.link`, path);
      }
    })();
    while (flips.done < 2_000) seen.add(await read('flip').catch((error: ServerError) => error.code));
    await flipper;
    expect([...seen].filter((answer) => !['inside', 'NOT_FOUND', 'SYMLINK_ESCAPE'].includes(answer))).toEqual([]);
    expect(seen.has('inside')).toBe(true);
  });

  it('never reads outside while a folder above is swapped for a link', async () => {
    await mkdir(join(outside, 'deep'));
    await writeFile(join(outside, 'deep/a.txt'), CANARY);
    const flips = { done: 0 };
    const seen = new Set<string>();
    const flipper = (async () => {
      for (; flips.done < 1_000; flips.done++) {
        await rename(join(root, 'src'), join(root, 'aside'));
        await symlink(outside, join(root, 'src'));
        await unlink(join(root, 'src'));
        await rename(join(root, 'aside'), join(root, 'src'));
      }
    })();
    while (flips.done < 1_000) seen.add(await read('src/deep/a.txt').catch((error: ServerError) => error.code));
    await flipper;
    expect([...seen].filter((answer) => !['inside', 'NOT_FOUND', 'SYMLINK_ESCAPE'].includes(answer))).toEqual([]);
    expect(seen.has('inside')).toBe(true);
  });

  it('leaves no descriptor open, whatever was answered', async () => {
    await symlink(outside, join(root, 'out'));
    await symlink('loop', join(root, 'loop'));
    const before = await openDescriptors();
    for (const path of ['src/deep/a.txt', 'out/x', 'loop', 'src', 'nope', 'nope/x', 'src/deep/a.txt/x']) {
      await read(path).catch(() => undefined);
      await tree.resolve(path, { missingParents: true }).catch(() => undefined);
      await tree.openDirectory(path).then(
        (directory) => directory.close(),
        () => undefined,
      );
    }
    expect(await openDescriptors()).toBe(before);
  });
});

describe('openDirectory', () => {
  it('gives a path to list by, children included', async () => {
    await using directory = await tree.openDirectory('src');
    expect(directory.canonical).toBe('src');
    expect(await readdir(directory.path)).toEqual(['deep']);
    await using deep = await directory.openChild('deep');
    expect(deep.canonical).toBe('src/deep');
    await using file = await deep.openChildFile('a.txt');
    expect(await file.handle.readFile('utf8')).toBe('inside');
    expect(file.canonical).toBe('src/deep/a.txt');
  });

  it('refuses files, links out and names that are paths', async () => {
    await symlink(outside, join(root, 'out'));
    await symlink('src', join(root, 'in'));
    expect(await codeOf(tree.openDirectory('out'))).toBe('SYMLINK_ESCAPE');
    expect(await codeOf(tree.openDirectory('src/deep/a.txt'))).toBe('NOT_FOUND');
    await using top = await tree.openDirectory('.');
    expect(await codeOf(top.openChild('out'))).toBe('NOT_FOUND');
    expect(await codeOf(top.openChild('in'))).toBe('NOT_FOUND');
    expect(await codeOf(top.openChildFile('in'))).toBe('SYMLINK_ESCAPE');
    expect(() => top.child('../outside')).toThrow('one name');
    await using inner = await tree.openDirectory('in');
    expect(inner.canonical).toBe('src');
  });

  it('stays where it is while the folder is swapped for a link', async () => {
    await using directory = await tree.openDirectory('src');
    await rename(join(root, 'src'), join(root, 'moved'));
    await symlink(outside, join(root, 'src'));
    expect(await readdir(directory.path)).toEqual(['deep']);
    expect(await directory.isInPlace()).toBe(false);
  });
});

describe('a tree whose root is lost', () => {
  it('refuses when the root was swapped for a link', async () => {
    await rename(root, join(base, 'kept'));
    await symlink(outside, root);
    expect(await codeOf(tree.openFile('secret.txt'))).not.toBe('INTERNAL');
    await unlink(root);
    expect(await codeOf(tree.openFile('secret.txt'))).toBe('NOT_FOUND');
  });
});

describe('without /proc/self/fd', () => {
  it('still follows inside and refuses outside', async () => {
    tree = new FileTree(root, new Limits(), { byHandle: false });
    await symlink('src', join(root, 'in'));
    await symlink(outside, join(root, 'out'));
    expect(await read('in/deep/a.txt')).toBe('inside');
    expect(await codeOf(tree.openFile('out/secret.txt'))).toBe('SYMLINK_ESCAPE');
    expect(await codeOf(tree.openFile('src'))).toBe('NOT_REGULAR_FILE');
    await using directory = await tree.openDirectory('in');
    expect(await readdir(directory.path)).toEqual(['deep']);
    const text = Buffer.from('written');
    await tree.createFile(await tree.resolve('in/x/y.txt', { missingParents: true }), text);
    await tree.replaceFile(await tree.resolve('in/deep/a.txt'), text);
    await tree.appendFile(await tree.resolve('in/deep/a.txt'), text);
    expect([await read('src/x/y.txt'), await read('src/deep/a.txt')]).toEqual(['written', 'writtenwritten']);
    expect(await codeOf(tree.createFile({ canonical: 'out/new', exists: false }, text))).toBe('SYMLINK_ESCAPE');
    expect(await readdir(outside)).toEqual(['secret.txt']);
  });
});

/** Names of device nodes made in the workspace; none where this user may not make them. */
async function makeDevices(): Promise<string[]> {
  try {
    execFileSync('mknod', [join(root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' });
    return ['zero'];
  } catch {
    return [];
  }
}
