import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { WorkspaceRoot } from './settings.js';

const FOLDER = 'mcp-software-engineer';

/**
 * Where the server keeps what is its own: as it was given, else where the system keeps what programs of a user keep.
 * A workspace around it would open the audit and the keys to every tool, one within it would be in its way.
 * @returns absolute; the folder need not be there yet
 */
export function readDataDir(
  given: string | undefined,
  dataHome: string | undefined,
  roots: readonly WorkspaceRoot[],
  problems: string[],
): string {
  const path = canonical(resolve(given ?? defaultDataDir(dataHome)));
  for (const root of roots)
    if (`${path}/`.startsWith(`${root.path}/`))
      problems.push(
        `DATA_DIR: it lies in the workspace ${root.name}, where tools could read and change what the server keeps; choose another folder`,
      );
    else if (`${root.path}/`.startsWith(`${path}/`))
      problems.push(`DATA_DIR: the workspace ${root.name} lies in it; choose another folder`);
  return path;
}

/** Where the system keeps what programs of a user keep. @param dataHome XDG_DATA_HOME */
export const defaultDataDir = (dataHome: string | undefined): string =>
  join(dataHome || join(homedir(), '.local/share'), FOLDER);

/** With the links of what is there already resolved. */
function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(canonical(parent), basename(path));
  }
}
