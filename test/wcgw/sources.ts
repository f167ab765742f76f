import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Files of the product below a folder, by their paths in the repository: no tests, and nothing that only tests use. */
export const productFiles = (...folders: string[]): string[] =>
  folders
    .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('spec.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.startsWith('libs/testing/') && !file.includes('/fixtures/'))
    .sort();

/** Names of the classes of a source that Nest takes as modules. */
export const modulesIn = (source: string): string[] =>
  [...source.matchAll(/^@Module\([^]*?^(?:export )?class (\w+)/gm)].map(([, name]) => name!);
