import { constants, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';
import { ServerError } from '@app/mcp';
import { errnoOf, notFound, notRegularFile } from './fs-error.js';
import type { OpenDirectory } from './open-directory.js';
import { spellPath } from './spell-path.js';
import { TemporaryFile } from './temporary-file.js';
import { writeAll } from './write-all.js';

const UNFOLLOWED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);
/** File systems and permissions that allow no sync of a folder; the write itself is complete. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'EACCES', 'EPERM', 'EISDIR', 'ENOTSUP', 'EBADF']);

/**
 * Replaces a file by new content: afterwards the old or the new content is there, whatever happens in between.
 * The name gets a new inode, so other names of a hard-linked file keep the old content.
 * @param seen what the caller based the new content on; a file changed since is not replaced
 * @throws ServerError CONFLICT, NOT_FOUND, NOT_REGULAR_FILE; errors of the file system as they are
 */
export async function replaceIn(directory: OpenDirectory, name: string, data: Uint8Array, seen?: Stats): Promise<void> {
  const path = directory.canonicalOf(name);
  const stats = await checkWritable(directory, name);
  await using file = await TemporaryFile.write(directory, name, data, 0o600);
  await file.resemble(stats);
  const now = await directory.lstatChild(name);
  if (now === undefined) throw notFound(path);
  if (!isSame(now, seen ?? stats)) throw new ServerError('CONFLICT', `${spellPath(path)} was changed by someone else meanwhile.`);
  await file.replace(name);
  await syncFolder(directory);
}

/** Creates a file that must not exist. @throws EEXIST; errors of the file system as they are */
export async function createIn(directory: OpenDirectory, name: string, data: Uint8Array): Promise<void> {
  {
    await using file = await TemporaryFile.write(directory, name, data, 0o666);
    await file.claim(name, data);
  }
  await syncFolder(directory);
}

/**
 * Adds to the end of a file. A file with several names is refused: the bytes would reach the other names too,
 * and those may be outside. When not all bytes fit, those that did are taken back.
 * @returns size in bytes after the append
 */
export async function appendIn(directory: OpenDirectory, name: string, data: Uint8Array): Promise<number> {
  const path = directory.canonicalOf(name);
  const handle = await open(directory.child(name), constants.O_WRONLY | constants.O_APPEND | UNFOLLOWED);
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw notRegularFile(path);
    if (before.nlink > 1)
      throw new ServerError('POLICY_DENIED', `${spellPath(path)} has several names (hard links), so it is not appended to.`, {
        hint: 'Overwriting or editing it gives this name content of its own.',
      });
    try {
      await writeAll(handle, data);
      await handle.sync();
    } catch (error) {
      await takeBack(handle, before.size, data.byteLength);
      throw error;
    }
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

/** Makes folders one inside the other through their handles. @returns the last one, and how to remove them again */
export async function makeFolders(
  start: OpenDirectory,
  names: readonly string[],
): Promise<{ readonly directory: OpenDirectory; undo(): Promise<void> }> {
  const chain: OpenDirectory[] = [start];
  const made: string[] = [];
  const undo = async (): Promise<void> => {
    for (const name of made.toReversed()) {
      chain.length = Math.min(chain.length, made.indexOf(name) + 1);
      await rmdir(chain.at(-1)!.child(name)).catch(() => undefined);
    }
  };
  for (const name of names) {
    const parent = chain.at(-1)!;
    await mkdir(parent.child(name));
    made.push(name);
    chain.push(await parent.openChild(name));
  }
  return { directory: chain.at(-1)!, undo };
}

async function checkWritable(directory: OpenDirectory, name: string): Promise<Stats> {
  const handle = await open(directory.child(name), constants.O_WRONLY | UNFOLLOWED);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw notRegularFile(directory.canonicalOf(name));
    return stats;
  } finally {
    await handle.close();
  }
}

const isSame = (a: Stats, b: Stats): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;

/** Only what this append added, and only if nobody added anything since. */
async function takeBack(handle: FileHandle, sizeBefore: number, atMost: number): Promise<void> {
  const { size } = await handle.stat();
  if (size > sizeBefore && size < sizeBefore + atMost) await handle.truncate(sizeBefore);
}

/** Makes the change of names survive a loss of power. */
async function syncFolder(directory: OpenDirectory): Promise<void> {
  try {
    const handle = await open(`${directory.path}/.`, FOLDER);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(errnoOf(error) ?? '')) throw error;
  }
}
