import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { ServerError } from '@app/mcp';
import { notFound, notRegularFile } from './fs-error.js';
import type { OpenDirectory } from './open-directory.js';
import { spellPath } from './spell-path.js';
import { TemporaryFile } from './temporary-file.js';
import { writeAll } from './write-all.js';

const UNFOLLOWED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

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
  if (!isSame(now, seen ?? stats))
    throw new ServerError('CONFLICT', `${spellPath(path)} was changed by someone else meanwhile.`, {
      hint: 'Read it again.',
    });
  await file.replace(name);
  await directory.sync();
}

/** Creates a file that must not exist. @throws EEXIST; errors of the file system as they are */
export async function createIn(directory: OpenDirectory, name: string, data: Uint8Array): Promise<void> {
  {
    await using file = await TemporaryFile.write(directory, name, data, 0o666);
    await file.claim(name, data);
  }
  await directory.sync();
}

/**
 * Adds to the end of a file. A file with several names is refused: the bytes would reach the other names too,
 * and those may be outside. When not all bytes fit, those that did are taken back.
 */
export async function appendIn(directory: OpenDirectory, name: string, data: Uint8Array): Promise<void> {
  const path = directory.canonicalOf(name);
  const handle = await open(directory.child(name), constants.O_WRONLY | constants.O_APPEND | UNFOLLOWED);
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw notRegularFile(path);
    if (before.nlink > 1)
      throw new ServerError(
        'POLICY_DENIED',
        `${spellPath(path)} has several names (hard links), so it is not appended to.`,
        {
          hint: 'Overwriting or editing it gives this name content of its own.',
        },
      );
    let written = 0;
    try {
      await writeAll(handle, data, (bytes) => (written += bytes));
      await handle.sync();
    } catch (error) {
      // Only what this append added, and only if nobody added anything since.
      if (written > 0 && (await handle.stat()).size === before.size + written) await handle.truncate(before.size);
      throw error;
    }
  } finally {
    await handle.close();
  }
}

/** A file the server may not write is not replaced either, although its folder would allow that. */
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
