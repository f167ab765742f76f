import { ServerError } from '@app/mcp';
import { type FileTree, type OpenDirectory, withFsErrors } from '@app/resources';

const POINTER_BYTES = 4_096;
const POINTER = /^gitdir: (.+?)\r?\n?$/s;

/**
 * Whether a path lies in what git takes for a repository's own folder, under whatever name: `.git` may be a link, or a
 * file that names another folder, and a folder with the right things in it is a repository without any `.git`.
 * A file written there can be a program that git runs.
 * @param canonical where a write goes, links resolved, existing or not
 * @throws ServerError PERMISSION, OVERLOADED
 */
export const liesInGitDirectory = (tree: FileTree, canonical: string): Promise<boolean> =>
  withFsErrors(canonical, () => look(tree, canonical));

async function look(tree: FileTree, canonical: string): Promise<boolean> {
  const names = canonical.split('/');
  let folder: OpenDirectory | undefined = await tree.openDirectory('.');
  try {
    for (const name of names) {
      if (await looksLikeGitDirectory(folder)) return true;
      for (const place of await gitPlacesOf(tree, folder)) if (isAtOrBelow(canonical, place)) return true;
      const child: OpenDirectory | undefined = await folder.tryOpenChild(name);
      if (child === undefined) return false;
      await folder.close();
      folder = child;
    }
    return false;
  } finally {
    await folder.close();
  }
}

const isAtOrBelow = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** What git itself looks for; a work tree's own folder has `commondir` instead of the rest. */
async function looksLikeGitDirectory(folder: OpenDirectory): Promise<boolean> {
  if ((await folder.lstatChild('HEAD')) === undefined) return false;
  if ((await folder.lstatChild('commondir'))?.isFile()) return true;
  const [objects, refs] = [await folder.lstatChild('objects'), await folder.lstatChild('refs')];
  return objects?.isDirectory() === true && refs?.isDirectory() === true;
}

/** Where the `.git` of a folder leads to, inside the workspace: the target of a link, and the folder a file names. */
async function gitPlacesOf(tree: FileTree, folder: OpenDirectory): Promise<string[]> {
  const stats = await folder.lstatChild('.git');
  if (stats === undefined || stats.isDirectory()) return [];
  const places: string[] = [];
  const found = await resolveInside(tree, folder.canonicalOf('.git'));
  if (found === undefined) return [];
  places.push(found.canonical);
  if (found.kind !== 'file') return places;
  const named = POINTER.exec(await headOf(tree, found.canonical))?.[1];
  const path = named === undefined ? undefined : relativeTo(tree, folder, named);
  const target = path === undefined ? undefined : await resolveInside(tree, path);
  if (target !== undefined) places.push(target.canonical);
  return places;
}

const resolveInside = (tree: FileTree, path: string) =>
  insideOnly(() => tree.resolve(path, { missingParents: true }), undefined);

const headOf = (tree: FileTree, path: string): Promise<string> =>
  insideOnly(async () => {
    await using file = await tree.openFile(path);
    const { buffer, bytesRead } = await file.handle.read(Buffer.alloc(POINTER_BYTES), 0, POINTER_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  }, '');

/** What leads out of the workspace, or nowhere, is no place in it. */
async function insideOnly<T>(find: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof ServerError && !error.retryable && error.code !== 'INTERNAL') return otherwise;
    throw error;
  }
}

/** As a path of the workspace; undefined for an absolute one outside. A `..` too many is refused where it is resolved. */
function relativeTo({ rootPath }: FileTree, folder: OpenDirectory, named: string): string | undefined {
  if (!named.startsWith('/')) return folder.canonicalOf(named);
  const absolute = named.replace(/\/{2,}/g, '/');
  return absolute === rootPath || absolute.startsWith(`${rootPath}/`) ? absolute.slice(rootPath.length + 1) : undefined;
}
