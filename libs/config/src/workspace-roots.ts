import { realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { WorkspaceRoot } from './settings.js';

const WORKSPACE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** Entries of `[NAME=]PATH` as folders that exist and stand beside each other; without one, the current folder. */
export function readRoots(entries: readonly string[], problems: string[]): WorkspaceRoot[] {
  const roots: WorkspaceRoot[] = [];
  for (const entry of entries.length === 0 ? ['.'] : entries) {
    const root = readRoot(entry, problems);
    if (root === undefined) continue;
    if (roots.some(({ name }) => name === root.name))
      problems.push(`WORKSPACE_ROOTS: the name ${root.name} is given twice`);
    const overlap = roots.find(({ path }) => contains(path, root.path) || contains(root.path, path));
    if (overlap)
      problems.push(`WORKSPACE_ROOTS: ${root.name} and ${overlap.name} overlap; give folders beside each other`);
    roots.push(root);
  }
  return roots;
}

function readRoot(entry: string, problems: string[]): WorkspaceRoot | undefined {
  const equals = entry.indexOf('=');
  const given = equals > 0 ? entry.slice(equals + 1) : entry;
  if (given.trim() === '') {
    // Most likely a shell variable that is not set: the current folder would be the wrong one.
    problems.push('WORKSPACE_ROOTS: a workspace has an empty path');
    return undefined;
  }
  let path: string;
  try {
    path = realpathSync(resolve(given));
    if (!statSync(path).isDirectory()) throw new Error('not a folder');
  } catch {
    problems.push(`WORKSPACE_ROOTS or --workspace: ${JSON.stringify(given)} is not a folder that can be opened`);
    return undefined;
  }
  const name =
    equals > 0
      ? entry.slice(0, equals)
      : basename(path)
          .replace(/[^A-Za-z0-9._-]+/g, '-')
          .replace(/^[._-]+/, '') || 'workspace';
  if (!WORKSPACE_NAME.test(name))
    problems.push('WORKSPACE_ROOTS: a name is 1 to 64 letters, digits, dots, dashes or underscores');
  if (path === '/') problems.push('WORKSPACE_ROOTS: the root of the file system is not a workspace');
  return Object.freeze({ name, path });
}

const contains = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
