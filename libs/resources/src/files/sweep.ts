import { opendir, unlink } from 'node:fs/promises';
import type { FileTree } from './file-tree.js';
import type { OpenDirectory } from './open-directory.js';
import { isTemporaryName } from './temporary-file.js';

/** Large folders this server does not write in by itself. */
const PASSED_OVER = new Set(['.git', 'node_modules']);

export interface SweepOptions {
  /** Entries looked at, at most. */
  readonly maxEntries?: number;
  /** Younger ones may belong to a write of another process that still runs. */
  readonly olderThanMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: number;
  readonly signal?: AbortSignal;
}

export interface Swept {
  readonly removed: number;
  readonly scanned: number;
  /** Whether the whole tree was seen. */
  readonly complete: boolean;
}

/** Removes what writes of a killed server left in a workspace. For start-up; follows no link. */
export async function sweepTemporaryFiles(tree: FileTree, options: SweepOptions = {}): Promise<Swept> {
  const { maxEntries = 100_000, olderThanMs = 15 * 60_000, now = Date.now(), signal } = options;
  const folders = ['.'];
  let removed = 0;
  let scanned = 0;
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    signal?.throwIfAborted();
    await using directory = await tree.openDirectory(path).catch(() => null);
    if (directory === null) continue;
    const entries = await opendir(directory.path).catch(() => undefined);
    if (entries === undefined) continue;
    for await (const entry of entries) {
      if (++scanned > maxEntries) return { removed, scanned: maxEntries, complete: false };
      if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) folders.push(directory.canonicalOf(entry.name));
      else if (
        entry.isFile() &&
        isTemporaryName(entry.name) &&
        (await isOlder(directory, entry.name, now - olderThanMs))
      )
        removed += await remove(directory, entry.name);
    }
  }
  return { removed, scanned, complete: true };
}

async function isOlder(directory: OpenDirectory, name: string, instant: number): Promise<boolean> {
  const stats = await directory.lstatChild(name);
  return stats !== undefined && stats.isFile() && stats.mtimeMs <= instant;
}

const remove = (directory: OpenDirectory, name: string): Promise<number> =>
  unlink(directory.child(name)).then(
    () => 1,
    () => 0,
  );
