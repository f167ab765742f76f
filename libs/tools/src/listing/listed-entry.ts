import type { Stats } from 'node:fs';
import { ServerError } from '@app/mcp';
import { type FileTree, kindOf } from '@app/resources';
import type { ListedEntry } from './list-files.schema.js';

/** The last instant a date can be, either way: file systems know later ones. */
const LAST_INSTANT_MS = 8.64e15;

const dateOf = (ms: number): string =>
  new Date(Math.min(LAST_INSTANT_MS, Math.max(-LAST_INSTANT_MS, ms))).toISOString();

/** What is said of one path. Times are whole milliseconds, UTC. */
export function describeEntry(path: string, stats: Stats): ListedEntry {
  const type = kindOf(stats);
  return { path, type, ...(type === 'file' && { size: stats.size }), mtime: dateOf(stats.mtimeMs) };
}

/** Where a link leads, relative to the workspace; undefined where it leaves it, loops or leads nowhere. */
export async function linkTarget(tree: FileTree, path: string): Promise<string | undefined> {
  try {
    const { canonical } = await tree.resolve(path);
    return canonical === '' ? '.' : canonical;
  } catch (error) {
    if (error instanceof ServerError && error.code !== 'OVERLOADED') return undefined;
    throw error;
  }
}
