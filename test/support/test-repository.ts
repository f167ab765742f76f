import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { EXECUTABLES, FILES, LINKS, OUTSIDE } from './test-repository.files.js';

const run = promisify(execFile);

/** Of every file and every commit, so that two repositories are the same to the last byte of a commit. */
const MADE_AT = new Date('2026-01-02T03:04:05Z');

/** `mode sha256` by path, the mode as git writes it: 100644, 100755, or 120000 for a link, of which the target counts. */
export type Snapshot = ReadonlyMap<string, string>;

/** The environment of a git that reads no configuration of the user or the machine. */
const gitEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_AUTHOR_DATE: MADE_AT.toISOString(),
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_COMMITTER_DATE: MADE_AT.toISOString(),
});

/**
 * A git repository on disk with more than 200 files of every kind a real one has, committed; the same each time.
 * `root` is the work tree; a folder `outside` lies beside it, for what links lead to.
 */
export class TestRepository implements AsyncDisposable {
  private constructor(
    private readonly base: string,
    /** Full id of the only commit. */
    readonly commit: string,
  ) {}

  static async create(): Promise<TestRepository> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'repository-')));
    try {
      const root = join(base, 'work');
      for (const [path, content] of FILES) await put(join(root, path), content, 0o644);
      for (const [path, content] of EXECUTABLES) await put(join(root, path), content, 0o755);
      for (const [path, content] of OUTSIDE) await put(join(base, 'outside', path), content, 0o644);
      for (const [path, target] of LINKS) await link(join(root, path), target);
      await git(root, 'init', '--quiet', '--template=', '--initial-branch=main');
      await git(root, 'add', '--all');
      await git(root, 'commit', '--quiet', '--message=Everything', '--no-gpg-sign');
      return new TestRepository(base, (await git(root, 'rev-parse', 'HEAD')).trim());
    } catch (error) {
      await rm(base, { recursive: true, force: true });
      throw error;
    }
  }

  get root(): string {
    return join(this.base, 'work');
  }
  get outside(): string {
    return join(this.base, 'outside');
  }
  /** Absolute path of a file in the work tree. */
  path(name: string): string {
    return join(this.root, name);
  }
  bytes(name: string): Promise<Buffer> {
    return readFile(this.path(name));
  }
  /** @returns stdout of a git that reads no configuration but the repository's. */
  git(...args: string[]): Promise<string> {
    return git(this.root, ...args);
  }

  /** Everything there is: the work tree with `.git` by paths in it, and what lies beside it as `../outside/…`. */
  async snapshot(): Promise<Snapshot> {
    const entries = await readdir(this.base, { recursive: true, withFileTypes: true });
    const found = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const states = await Promise.all(found.map(async (path) => [this.nameOf(path), await stateOf(path)] as const));
    return new Map(states);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.base, { recursive: true, force: true });
  }

  private nameOf(path: string): string {
    return relative(this.root, path).split(sep).join('/');
  }
}

/** Paths that are only in one of two snapshots, or not the same in both. */
export function changedPaths(before: Snapshot, after: Snapshot): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

async function put(path: string, content: string | Buffer, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  // Given apart from writing: the umask of whoever runs the tests is none of theirs.
  await chmod(path, mode);
  await utimes(path, MADE_AT, MADE_AT);
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

async function git(root: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', root, ...args], { env: gitEnvironment() });
  return stdout;
}

async function stateOf(path: string): Promise<string> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return `120000 ${sha256(await readlink(path))}`;
  if (!stats.isFile()) return 'special';
  return `${(stats.mode & 0o100) === 0 ? '100644' : '100755'} ${sha256(await readFile(path))}`;
}
