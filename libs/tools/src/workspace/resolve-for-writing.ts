import { ServerError } from '@app/mcp';
import type { ResolvedPath } from '@app/resources';
import { liesInGitDirectory } from './git-directories.js';
import type { Workspace } from './workspace.js';

/**
 * Where a write to `path` goes. The rules judge the path as given and the place its links lead to: a harmless
 * name may be a link to a protected one, and git's own folder may have a harmless name.
 * @throws ServerError of the path rules, SYMLINK_ESCAPE, NOT_FOUND where something that is no folder is in the way
 */
export async function resolveForWriting({ rules, tree }: Workspace, path: string): Promise<ResolvedPath> {
  rules.check(path, 'write');
  const target = await tree.resolve(path, { missingParents: true });
  if (target.canonical === '') return target;
  rules.check(target.canonical, 'write');
  if (await liesInGitDirectory(tree, target.canonical))
    throw new ServerError('PROTECTED_PATH', 'No file tool writes in the folder of a git repository.', {
      hint: 'Change the repository with the git tools.',
    });
  return target;
}
