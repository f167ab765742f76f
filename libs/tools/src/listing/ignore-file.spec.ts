import { env } from 'node:process';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IgnoreRules } from './ignore-rules.js';

/** What holds the loop would hold it for seconds; a machine that has other work holds it for a while, too. */
const HELD_MS = env['PROOF'] === 'full' ? 200 : 2_000;

const run = promisify(execFile);

const PATTERNS = [
  '*.log',
  '!keep.log',
  '/top',
  'dir/',
  'a/b',
  '/a/c',
  'x/**',
  '**/deep',
  'y/**/z',
  '# comment',
  '',
  '\\#hash',
  '\\!bang',
  'trail  ',
  'trail\\ ',
  '[ab].txt',
  '[!ab].md',
  'q?',
  'a\\*b',
  '[unclosed',
  'back\\',
  '**',
  '*',
  'n*m',
  '/*',
  '!/a',
  'foo/*',
  '*/bar',
  'crlf\r',
  '//x',
  'a//b',
  '[]-]z',
  'é*',
  '[^x]y',
];
const PATHS = [
  'a.log',
  'sub/a.log',
  'keep.log',
  'top',
  'sub/top',
  'dir/f',
  'sub/dir/f',
  'dirf',
  'a/b',
  's/a/b',
  'a/c',
  's/a/c',
  'x/1',
  'x/2/3',
  's/x/4',
  'deep',
  's/t/deep',
  'y/z',
  'y/5/z',
  'y/6/7/z',
  '#hash',
  '!bang',
  'trail',
  'trail ',
  'a.txt',
  'c.txt',
  'c.md',
  'a.md',
  'q',
  'q1',
  'q12',
  'a*b',
  'axb',
  '[unclosed',
  'back',
  'nm',
  'nxm',
  'nn/m',
  'foo/1',
  'foo/2/3',
  '3/bar',
  '4/2/bar',
  'crlf',
  ']z',
  '-z',
  'éa',
  'xy',
  'ay',
  '.hidden',
  'foo bar',
];

describe('IgnoreFile', () => {
  let repository: string;
  beforeAll(async () => {
    repository = await mkdtemp(join(tmpdir(), 'ignore-'));
    await run('git', ['init', '-q', repository]);
    for (const path of PATHS) {
      await mkdir(join(repository, dirname(path)), { recursive: true });
      await writeFile(join(repository, path), '').catch(() => undefined);
    }
  });
  afterAll(() => rm(repository, { recursive: true, force: true }));

  /** What git itself ignores among the paths, parents included. */
  async function gitIgnores(text: string): Promise<string[]> {
    await writeFile(join(repository, '.gitignore'), text);
    const child = run('git', ['-C', repository, 'check-ignore', '--no-index', '-z', '--stdin']);
    child.child.stdin!.end(PATHS.join('\0'));
    const { stdout } = await child.catch((error: { code: number; stdout: string }) => error);
    return stdout.split('\0').filter((path) => path !== '');
  }

  const rulesOf = (text: string, ignoreRules = 1_000): IgnoreRules => IgnoreRules.NONE.with(text, { ignoreRules });

  it.each(
    [
      ...PATTERNS.map((pattern) => [pattern]),
      PATTERNS,
      ['*', '!*/', '!*.txt'],
      ['a/', '!a/b'],
      ['/*', '!/a', '/a/*', '!/a/c'],
    ].map((lines) => [lines.join('\n')]),
  )('agrees with git about %j', async (text) => {
    const rules = rulesOf(text);
    expect(PATHS.filter((path) => ignores(rules, path))).toEqual(await gitIgnores(text));
  });

  it('ignores something and keeps something, or the comparison says nothing', async () => {
    const ignored = await gitIgnores('*.log\n!keep.log');
    expect(ignored).toEqual(['a.log', 'sub/a.log']);
  });

  it('takes a bounded number of rules, and none with more than eight stars', () => {
    const text = Array.from({ length: 1_001 }, (_, at) => `name${at}`).join('\n');
    expect([ignores(rulesOf(text), 'name999'), ignores(rulesOf(text), 'name1000')]).toEqual([true, false]);
    expect(ignores(rulesOf(`${'*a'.repeat(8)}`), 'a'.repeat(8))).toBe(true);
    expect(ignores(rulesOf(`${'*a'.repeat(9)}`), 'a'.repeat(9))).toBe(false);
    expect(ignores(rulesOf('/**/a'.repeat(9)), 'a/'.repeat(9).slice(0, -1))).toBe(false);
    const both = rulesOf('one\ntwo', 3).below('folder').with('three\nfour', { ignoreRules: 3 });
    expect(['one', 'two', 'three', 'four'].filter((name) => both.ignores(name, false))).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  it.each([
    ['*a*b\n'.repeat(13_000)],
    [`${'a*'.repeat(7)}b/*\n`.repeat(1_000)],
    [`/**/*${'a'.repeat(56)}b*/*\n`.repeat(1_000)],
  ])('blocks nobody with hostile rules over deep, long names (%#)', (text) => {
    let rules = rulesOf(text);
    let longest = 0;
    const timed = <T>(work: () => T): T => {
      // Time at work: what the machine gives to others is not counted.
      const from = process.threadCpuUsage();
      const result = work();
      longest = Math.max(longest, process.threadCpuUsage(from).user / 1_000);
      return result;
    };
    for (let depth = 0; depth < 14; depth++) {
      expect(timed(() => rules.ignores('a'.repeat(200), true))).toBe(false);
      rules = timed(() => rules.below('a'.repeat(200)));
    }
    expect(longest).toBeLessThan(HELD_MS);
  });
});

function ignores(rules: IgnoreRules, path: string): boolean {
  const names = path.split('/');
  let inFolder = rules;
  return names.some((name, at) => {
    const isIgnored = inFolder.ignores(name, at < names.length - 1);
    inFolder = inFolder.below(name);
    return isIgnored;
  });
}
