import type { ResolvedPath } from '@app/resources';
import type { Workspace } from './workspace.js';

/**
 * Where a write to `path` goes. The rules judge the path as given and the place its links lead to: a harmless
 * name may be a link to a protected one.
 * @throws ServerError of the path rules, SYMLINK_ESCAPE, NOT_FOUND where something that is no folder is in the way
 */
export async function resolveForWriting({ rules, tree }: Workspace, path: string): Promise<ResolvedPath> {
  rules.check(path, 'write');
  const target = await tree.resolve(path, { missingParents: true });
  rules.check(target.canonical === '' ? '.' : target.canonical, 'write');
  return target;
}
