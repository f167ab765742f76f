// Finds the tests that inject a failure: `injected('failure', 'mitigation', …)` in their titles.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** @returns {Map<string, string[]>} files by `failure → mitigation`, relative to the folder */
export function injectedTests(folder) {
  const tests = new Map();
  for (const part of ['libs', 'apps', 'test'])
    for (const entry of readdirSync(join(folder, part), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('spec.ts')) continue;
      const file = join(entry.parentPath, entry.name);
      for (const [, failure, mitigation] of readFileSync(file, 'utf8').matchAll(
        /\binjected\(\s*'([^']+)',\s*'([^']+)'/g,
      )) {
        const key = `${failure} → ${mitigation}`;
        tests.set(key, [...new Set([...(tests.get(key) ?? []), relative(folder, file)])].sort());
      }
    }
  return tests;
}
