import type { Stats } from 'node:fs';

export type EntryKind = 'file' | 'directory' | 'link' | 'other';

/** Where a path leads inside one workspace, all links followed. */
export interface ResolvedPath {
  /** Relative to the root, `/` between names, no link in it; '' for the root. */
  readonly canonical: string;
  readonly exists: boolean;
  /** What is there: never `link`, unless the last link was not to be followed. */
  readonly kind?: EntryKind;
  /** Of what is there. */
  readonly stats?: Stats;
}

export const kindOf = (stats: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): EntryKind =>
  stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other';
