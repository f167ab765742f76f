import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IgnoreFile } from './ignore-file.js';

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

  const ignores = (file: IgnoreFile, path: string): boolean => {
    const names = path.split('/');
    return names.some((_, at) => file.verdict(names.slice(0, at + 1), at < names.length - 1) === 'ignored');
  };

  it.each(
    [
      ...PATTERNS.map((pattern) => [pattern]),
      PATTERNS,
      ['*', '!*/', '!*.txt'],
      ['a/', '!a/b'],
      ['/*', '!/a', '/a/*', '!/a/c'],
    ].map((lines) => [lines.join('\n')]),
  )('agrees with git about %j', async (text) => {
    const file = new IgnoreFile(text);
    expect(PATHS.filter((path) => ignores(file, path))).toEqual(await gitIgnores(text));
  });

  it('ignores something and keeps something, or the comparison says nothing', async () => {
    const ignored = await gitIgnores('*.log\n!keep.log');
    expect(ignored).toEqual(['a.log', 'sub/a.log']);
  });

  it('ends on rules that make a backtracking matcher hang', () => {
    const file = new IgnoreFile('/**/a'.repeat(40) + '/b\n' + '*a'.repeat(120) + '*b');
    expect(
      file.verdict(
        Array.from({ length: 1_000 }, () => 'a'),
        false,
      ),
    ).toBeUndefined();
    expect(file.verdict(['a'.repeat(255)], false)).toBeUndefined();
    expect(file.verdict([`${'a'.repeat(250)}b`], false)).toBe('ignored');
  });
});
