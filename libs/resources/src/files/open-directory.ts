import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { errnoOf, notFound, notRegularFile, withFsErrors } from './fs-error.js';
import { OpenFile } from './open-file.js';

const onLinux = process.platform === 'linux';
/** open(2): a handle on a place in the tree, which needs no read permission and touches no device. Node does not name it. */
const O_PATH = onLinux ? 0o10000000 : 0;
const DIRECTORY = constants.O_RDONLY | O_PATH | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
/** O_NONBLOCK: opening a FIFO would otherwise hold one of the four threads every file operation shares. */
const REGULAR_FILE =
  constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0) | (constants.O_NOCTTY ?? 0);

const READABLE_DIRECTORY = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);
/** File systems and permissions that allow no sync of a folder. */
const NOT_SYNCED = new Set(['EINVAL', 'EACCES', 'EPERM', 'EISDIR', 'ENOTSUP', 'EBADF']);

/** What an open of a name answers when something other than a folder is there, or nothing. */
const NOT_A_DIRECTORY = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * One folder below the root, held open, so that a swap of any folder above it for a link changes nothing
 * for what is done through it. Whoever opens it closes it.
 *
 * On Linux its children are named through `/proc/self/fd`. Elsewhere `path` is the absolute path, and a swap
 * in the short time between check and use is noticed by `isInPlace` only.
 */
export class OpenDirectory implements AsyncDisposable {
  private constructor(
    /** Relative to the workspace root, links resolved; the root is ''. */
    readonly canonical: string,
    /** A path to use at once for `readdir`, `lstat` and the like; dead after `close`. Never show it. */
    readonly path: string,
    private readonly absolute: string,
    private readonly handle?: FileHandle,
  ) {}

  /** @param byHandle name children through the handle; false where the system has no `/proc/self/fd` */
  static async openRoot(rootPath: string, byHandle: boolean): Promise<OpenDirectory> {
    if (!byHandle) return new OpenDirectory('', rootPath, rootPath);
    const handle = await open(rootPath, DIRECTORY);
    return new OpenDirectory('', `/proc/self/fd/${handle.fd}`, rootPath, handle);
  }

  /** The canonical path of a child. */
  canonicalOf(name: string): string {
    return this.canonical === '' ? name : `${this.canonical}/${name}`;
  }

  /** A path to use at once; `name` is one name, not a path. */
  child(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) throw new Error('a child is one name');
    return `${this.path}/${name}`;
  }

  /** What the name itself is, never what a link leads to; `undefined` where nothing is. */
  async lstatChild(name: string): Promise<Stats | undefined> {
    try {
      return await lstat(this.child(name));
    } catch (error) {
      if (NOT_A_DIRECTORY.has(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  /** Opens a folder inside; `undefined` where the name is anything else, a link to a folder included. */
  async tryOpenChild(name: string): Promise<OpenDirectory | undefined> {
    const canonical = this.canonicalOf(name);
    const absolute = `${this.absolute}/${name}`;
    if (this.handle === undefined) {
      const stats = await this.lstatChild(name);
      return stats?.isDirectory() ? new OpenDirectory(canonical, absolute, absolute) : undefined;
    }
    try {
      const handle = await open(this.child(name), DIRECTORY);
      return new OpenDirectory(canonical, `/proc/self/fd/${handle.fd}`, absolute, handle);
    } catch (error) {
      if (NOT_A_DIRECTORY.has(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  /** Opens a folder inside. @throws ServerError NOT_FOUND where the name is not a folder, PERMISSION, OVERLOADED */
  openChild(name: string): Promise<OpenDirectory> {
    const path = this.canonicalOf(name);
    return withFsErrors(path, async () => {
      const child = await this.tryOpenChild(name);
      if (child === undefined) throw notFound(path);
      return child;
    });
  }

  /**
   * Opens a regular file inside for reading. A file with several names (hard links) opens like any other:
   * the file system does not tell which name came first, and package stores are full of them.
   * @throws ServerError NOT_FOUND, NOT_REGULAR_FILE, SYMLINK_ESCAPE where the name is a link, PERMISSION, OVERLOADED
   */
  openChildFile(name: string): Promise<OpenFile> {
    const path = this.canonicalOf(name);
    return withFsErrors(path, async () => {
      const found = await this.lstatChild(name);
      if (found === undefined) throw notFound(path);
      if (found.isSymbolicLink()) throw Object.assign(new Error('a link'), { code: 'ELOOP' });
      if (!found.isFile()) throw notRegularFile(path);
      const handle = await open(this.child(name), REGULAR_FILE);
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) throw notRegularFile(path);
        return new OpenFile(path, handle, stats);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /** Whether the open folder is still the one its canonical path names: not moved, not deleted, nothing above swapped. */
  async isInPlace(): Promise<boolean> {
    try {
      return (await (this.handle === undefined ? realpath(this.absolute) : readlink(this.path))) === this.absolute;
    } catch (error) {
      if (NOT_A_DIRECTORY.has(errnoOf(error) ?? '')) return false;
      throw error;
    }
  }

  /** Makes changes of names in it survive a loss of power. */
  async sync(): Promise<void> {
    try {
      const handle = await open(`${this.path}/.`, READABLE_DIRECTORY);
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      if (!NOT_SYNCED.has(errnoOf(error) ?? '')) throw error;
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
