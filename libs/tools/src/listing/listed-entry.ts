import type { Stats } from 'node:fs';
import { ServerError } from '@app/mcp';
import { type FileTree, kindOf } from '@app/resources';
import type { ListedEntry } from './list-files.schema.js';

/** What is said of one path. Times are whole milliseconds, UTC. */
export function describeEntry(path: string, stats: Stats): ListedEntry {
  const type = kindOf(stats);
  return { path, type, ...(type === 'file' && { size: stats.size }), mtime: stats.mtime.toISOString() };
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
