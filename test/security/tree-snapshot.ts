import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** One line of facts per path below a folder: what it is, mode, size, mtime, inode and content. */
export type TreeSnapshot = ReadonlyMap<string, string>;

/** Content of larger files is not read: a sparse file of 10 GB is told by its size, time and inode. */
const MAX_HASHED_BYTES = 8_388_608;

/** Everything below a folder, links not followed, FIFOs and devices not opened. @param skip paths left out with all below */
export function snapshotOf(root: string, skip: readonly string[] = []): TreeSnapshot {
  const facts = new Map<string, string>();
  const visit = (path: string): void => {
    if (skip.includes(path)) return;
    const stats = lstatSync(path, { bigint: true });
    const common = [stats.mode.toString(8), stats.size, stats.mtimeNs, stats.ino];
    // A file that comes or goes below changes a folder's size and time, and is told by itself.
    if (stats.isDirectory()) facts.set(path, ['folder', stats.mode.toString(8), stats.ino].join(' '));
    else if (stats.isSymbolicLink()) facts.set(path, ['link', readlinkSync(path), ...common].join(' '));
    else if (stats.isFile()) facts.set(path, ['file', contentOf(path, stats.size), ...common].join(' '));
    else facts.set(path, ['other', ...common].join(' '));
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(path, { encoding: 'buffer' }))
      if (isUtf8(name)) visit(join(path, name.toString('utf8')));
      else facts.set(join(path, name.toString('latin1')), 'a name that is no text');
  };
  visit(root);
  return facts;
}

/** What was added, removed or changed, in words. */
export function differences(before: TreeSnapshot, after: TreeSnapshot): string[] {
  const found: string[] = [];
  for (const [path, facts] of after) {
    const old = before.get(path);
    if (old === undefined) found.push(`${path} is new`);
    else if (old !== facts) found.push(`${path} changed from ${old} to ${facts}`);
  }
  for (const path of before.keys()) if (!after.has(path)) found.push(`${path} is gone`);
  return found;
}

const contentOf = (path: string, size: bigint): string =>
  size > MAX_HASHED_BYTES ? 'large' : createHash('sha256').update(readFileSync(path)).digest('hex');
