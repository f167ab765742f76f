import type { Limits } from '@app/config';
import { IgnoreRules, TreeWalk } from '../listing/index.js';
import type { Workspace } from '../workspace/index.js';

/** A completion is asked for while somebody types. */
const MAX_MS = 1_000;
/** What the common test runners take for a test by its name. */
const TEST_FILE =
  /(?:[._-](?:test|spec|e2e-spec)\.[a-z]+|^test_[^/]*\.py|_test\.(?:go|py|rb)|Tests?\.(?:java|kt|cs))$/i;

/** Paths of test files that have `typed` in them, as far as they are found in a second. */
export async function testPaths(
  { tree }: Workspace,
  typed: string,
  limits: Limits,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  await using root = await tree.openDirectory('.');
  const walk = new TreeWalk({ maxDepth: limits.walkDepth, rules: IgnoreRules.NONE, maxMs: MAX_MS, signal, limits });
  for await (const { kind, name, below } of walk.entries(root)) {
    const path = below.join('/');
    if (kind !== 'file' || name.unreadable || !TEST_FILE.test(name.text) || !path.includes(typed)) continue;
    found.push(path);
    if (found.length >= limits.completionValues) break;
  }
  return found;
}
