import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** The one law: a lib imports only what stands before it. `testing` stands beside the order. */
const ORDER = [
  'mcp',
  'config',
  'logging',
  'metrics',
  'recovery',
  'resources',
  'storage',
  'security',
  'pipeline',
  'tools',
  'transport',
  'operations',
  'apps',
];

/** Files that look at the disk synchronously, but only while the server starts. */
const START_UP = new Set([
  // Asks once, when a workspace is opened at boot, whether /proc is there.
  'libs/resources/src/files/file-tree.ts',
]);

const root = join(import.meta.dirname, '..');
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

const isTest = (file: string): boolean => file.endsWith('.spec.ts') || file.endsWith('.e2e-spec.ts');
const layerOf = (file: string): string => (file.startsWith('libs/') ? file.split('/')[1]! : 'apps');

/** Every breach of the law in one file, in words. */
function breaches(file: string, source: string): string[] {
  const layer = layerOf(file);
  const imported = [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, path]) => path!);
  const libs = imported.filter((path) => path.startsWith('@app/')).map((path) => path.slice('@app/'.length));
  const found = libs
    .filter((lib) =>
      lib === 'testing'
        ? !isTest(file) && layer !== 'testing'
        : layer !== 'testing' && ORDER.indexOf(lib) >= ORDER.indexOf(layer),
    )
    .map((lib) => `${file} imports @app/${lib}`);
  if (libs.some((lib) => !ORDER.includes(lib) && lib !== 'testing'))
    found.push(`${file} imports a lib without a place in the order`);
  if (
    imported.some((path) => path.startsWith('@modelcontextprotocol/')) &&
    layer !== 'transport' &&
    !isTest(file) &&
    layer !== 'testing'
  )
    found.push(`${file} imports the SDK; only transport does`);
  if (imported.some((path) => /^(\.\.\/)+(libs|apps)\//.test(path)))
    found.push(`${file} leaves its lib by a relative path`);
  const startsUp = START_UP.has(file) || layer === 'config' || layer === 'apps' || layer === 'testing' || isTest(file);
  // The parenthesis keeps out names of others, such as fields and comments.
  if (
    !startsUp &&
    /\b(?:read|write|exists|stat|lstat|open|mkdir|rm|readdir|realpath|spawn|exec|execFile|append|copy|unlink|rename|fsync|gzip|gunzip|inflate|deflate|scrypt|pbkdf2)\w*Sync\(/.test(
      source,
    )
  )
    found.push(`${file} blocks the event loop outside of start-up`);
  if (/process\.env\b/.test(source) && layer !== 'config' && !isTest(file) && layer !== 'testing')
    found.push(`${file} reads the environment`);
  return found;
}

describe('the order of the layers', () => {
  const files = [...sources('libs'), ...sources('apps')];

  it('has a place for every lib', () => {
    const libs = new Set(files.filter((file) => file.startsWith('libs/')).map(layerOf));
    expect([...libs].filter((lib) => !ORDER.includes(lib) && lib !== 'testing')).toEqual([]);
    expect(libs.size).toBeGreaterThan(5);
  });

  it('is kept by every file', () => {
    expect(files.flatMap((file) => breaches(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it.each([
    ['libs/config/src/planted.ts', "import { Dispatcher } from '@app/pipeline';"],
    ['libs/mcp/src/planted.ts', "import { AppLog } from '@app/logging';"],
    ['libs/tools/src/planted.ts', "const sdk = await import('@modelcontextprotocol/server');"],
    ['libs/tools/src/planted.ts', "import { kit } from '@app/testing';"],
    ['libs/security/src/planted.ts', 'const secret = process.env.SECRET;'],
    ['libs/tools/src/planted.ts', "const text = readFileSync('x');"],
    ['libs/resources/src/planted.ts', "execFileSync('ls');"],
    ['libs/pipeline/src/planted.ts', "import { x } from '../../../libs/tools/src/x.js';"],
  ])('finds a breach planted in %s', (file, source) => {
    expect(breaches(file, source)).toHaveLength(1);
  });
});
