import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';

/** The file with the mistake; every line of it ends in CRLF. */
export const BROKEN_FILE = 'src/discount.ts';
export const WRONG = 'if (quantity > 100) return 0.8;';
export const RIGHT = 'if (quantity >= 100) return 0.8;';
export const FAILING_TEST = 'gives the large discount from one hundred pieces on';

const lines = (eol: string, ...all: readonly string[]): string => `${all.join(eol)}${eol}`;

const FILES: Readonly<Record<string, string>> = {
  'README.md': lines('\n', '# Invoicing', '', 'Run the tests with `node --test`.'),
  'package.json': lines('\n', '{ "name": "invoicing", "private": true, "type": "module" }'),
  [BROKEN_FILE]: lines(
    '\r\n',
    '/** What is left of a price when so many pieces are bought; in € as everywhere. */',
    'export function discountFactor(quantity: number): number {',
    `  ${WRONG}`,
    '  if (quantity >= 10) return 0.9;',
    '  return 1;',
    '}',
  ),
  'src/money.ts': lines(
    '\n',
    'export const roundToCents = (amount: number): number => Math.round(amount * 100) / 100;',
  ),
  'src/invoice.ts': lines(
    '\n',
    "import { discountFactor } from './discount.ts';",
    "import { roundToCents } from './money.ts';",
    '',
    'export interface Item {',
    '  readonly price: number;',
    '  readonly quantity: number;',
    '}',
    '',
    'export function total(items: readonly Item[]): number {',
    '  const sum = items.reduce((all, { price, quantity }) => all + price * quantity * discountFactor(quantity), 0);',
    '  return roundToCents(sum);',
    '}',
  ),
  'test/invoice.test.ts': lines(
    '\n',
    "import assert from 'node:assert/strict';",
    "import { test } from 'node:test';",
    "import { total } from '../src/invoice.ts';",
    '',
    "test('is nothing for no items', () => assert.equal(total([]), 0));",
    "test('is the price of one piece', () => assert.equal(total([{ price: 9.99, quantity: 1 }]), 9.99));",
    "test('gives the small discount from ten pieces on', () => {",
    '  assert.equal(total([{ price: 2, quantity: 10 }]), 18);',
    '});',
    `test('${FAILING_TEST}', () => {`,
    '  assert.equal(total([{ price: 2, quantity: 100 }]), 160);',
    '});',
    "test('rounds to cents', () => assert.equal(total([{ price: 0.333, quantity: 11 }]), 3.3));",
  ),
};

export interface TestRun {
  readonly exitCode: number | null;
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** A small project on disk whose own tests find one mistake in it. */
export class FailingProject implements AsyncDisposable {
  private constructor(readonly root: string) {}

  static async create(): Promise<FailingProject> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'project-')));
    for (const [path, content] of Object.entries(FILES)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    return new FailingProject(root);
  }

  /** Runs the project's tests as a developer would. */
  async test(): Promise<TestRun> {
    const child = spawn(process.execPath, ['--test', '--test-reporter=tap'], {
      cwd: this.root,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    const named = (pattern: RegExp): string[] => Array.from(out.matchAll(pattern), ([, name]) => name!);
    return { exitCode, passed: named(/^ *ok \d+ - (.+)$/gm), failed: named(/^ *not ok \d+ - (.+)$/gm) };
  }

  /** Every file by its path. */
  async files(): Promise<Record<string, string>> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    const read = paths.sort().map(async (path): Promise<[string, string]> => {
      return [relative(this.root, path).split(sep).join('/'), await readFile(path, 'latin1')];
    });
    return Object.fromEntries(await Promise.all(read));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
