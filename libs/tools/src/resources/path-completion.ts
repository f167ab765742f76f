import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { IgnoreRules, TreeWalk } from '../listing/index.js';
import type { Workspace } from '../workspace/index.js';

/**
 * Paths that go on where `typed` stops, folders with a slash behind them. Nothing for a path that would be refused,
 * so that completion tells no more than reading does.
 */
export async function completePath(
  workspace: Workspace,
  typed: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<string[]> {
  const slash = typed.lastIndexOf('/') + 1;
  const folder = typed.slice(0, slash);
  const prefix = typed.slice(slash);
  try {
    workspace.rules.check(folder === '' ? '.' : folder, 'read');
    await using directory = await workspace.tree.openDirectory(folder === '' ? '.' : folder);
    const rules = await IgnoreRules.above(workspace.tree, directory.canonical, limits);
    const walk = new TreeWalk({ maxDepth: 1, rules, maxMs: limits.listMs, signal, limits });
    const found: string[] = [];
    for await (const { name, kind } of walk.entries(directory)) {
      if (name.unreadable || !name.text.startsWith(prefix)) continue;
      found.push(`${folder}${name.text}${kind === 'directory' ? '/' : ''}`);
      if (found.length >= limits.completionValues) break;
    }
    return found;
  } catch (error) {
    if (error instanceof ServerError && !error.retryable) return [];
    throw error;
  }
}
