import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { PathRules, type PathUse } from './path-rules.js';

const rules = new PathRules(new Limits(), { rootPath: '/ws', platform: 'linux' });
const refusal = (path: unknown, use: PathUse = 'read', by = rules): ServerError => {
  try {
    by.check(path as string, use);
  } catch (error) {
    return error as ServerError;
  }
  throw new Error(`${JSON.stringify(path)} was accepted`);
};
const codes = (paths: readonly unknown[], use: PathUse = 'read', by = rules): Set<string> =>
  new Set(paths.map((path) => refusal(path, use, by).code));

describe('PathRules', () => {
  it.each([
    '.',
    'a',
    'src/a.txt',
    './src/a.txt',
    'src/',
    './',
    '...',
    '..a',
    'a..b/c..',
    '~/.ssh/id_rsa',
    '$HOME/x',
    '%2e%2e/x',
    '．．／outside',
    '\u2025/outside',
    '..\\..\\outside',
    'C:\\x',
    'Ünï/日本.txt',
    '.git/config',
    'x'.repeat(255),
    'file:a',
  ])('accepts %j for reading', (path) => {
    expect(() => rules.check(path, 'read')).not.toThrow();
  });

  it(injected('escape', 'PathRules', 'refuses what leads out by its text'), () => {
    expect(
      codes([
        '..',
        '../outside/secret.txt',
        'a/../b',
        'a/..',
        './../x',
        'a/b/../../../x',
        '/etc/passwd',
        '//etc/passwd',
        '/./etc/passwd',
        '/ws-evil/secret.txt',
        '../ws-evil/secret.txt',
        '/proc/self/root/outside/secret.txt',
        '/',
        '/ws/../etc/passwd',
      ]),
    ).toEqual(new Set(['PATH_OUTSIDE_WORKSPACE']));
  });

  it('refuses what is no path', () => {
    expect(
      codes([
        '',
        undefined,
        null,
        7,
        { href: 'file:///x' },
        ['a'],
        'a\0b',
        'a\nb',
        '\u007f',
        '\u001b]0;x\u0007',
        '\ud800x',
        'a//b',
        'a/./b',
        'a/.',
        './.',
        'a//',
        'file:///outside/secret.txt',
        'HTTPS://example.org/x',
        'x'.repeat(256),
        'ü'.repeat(128),
        'a/'.repeat(2_500),
      ]),
    ).toEqual(new Set(['INVALID_ARGUMENT']));
    expect(refusal('a/', 'write').code).toBe('INVALID_ARGUMENT');
  });

  it('suggests the relative path for an absolute one inside, from its text alone', () => {
    expect(refusal('/ws/src/a.txt').hint).toBe('Use the relative path "src/a.txt".');
    expect(refusal('/ws').hint).toContain('"."');
    expect(refusal('/ws-evil/a').hint).not.toContain('Use the');
    expect(refusal('/ws/../a').hint).not.toContain('Use the');
    expect(refusal('/etc/passwd').hint).toBe(refusal('/etc/nothing').hint);
    expect(refusal('/etc/passwd').message).toBe(refusal('/etc/nothing').message);
  });

  it('reads Windows paths as Windows does, there', () => {
    const windows = new PathRules(new Limits(), { platform: 'win32' });
    expect(codes(['..\\..\\outside', '..\\/x', 'C:\\x', 'c:x', '\\\\host\\share', '\\x'], 'read', windows)).toEqual(
      new Set(['PATH_OUTSIDE_WORKSPACE']),
    );
    expect(() => windows.check('src\\a.txt', 'read')).not.toThrow();
  });

  it('lets nothing write in .git, however a file system might spell it', () => {
    expect(
      codes(
        [
          '.git',
          '.git/config',
          '.git/hooks/pre-commit',
          'sub/.git/config',
          '.GIT/config',
          '.Git',
          '.git./x',
          '.git /x',
          '.git . ./x',
          '.g\u200cit/config',
          '\ufeff.git/config',
          '.gi\u202et/config',
          'git~1/config',
          'GIT~2',
          '.git::$INDEX_ALLOCATION/config',
          'a\\.git\\config',
          './.git/config',
        ],
        'write',
      ),
    ).toEqual(new Set(['PROTECTED_PATH']));
    for (const path of [
      '.gitignore',
      '.github/workflows/ci.yml',
      'git/x',
      '.gitattributes',
      'a.git/x',
      'git~x',
      'digit~1',
    ])
      expect(() => rules.check(path, 'write')).not.toThrow();
  });

  it('keeps to the policy list for writing only', () => {
    const denied = [
      '.mcp.json',
      'a/.mcp.json',
      '.vscode/tasks.json',
      '.VSCode/x',
      '.cursor/mcp.json',
      '.claude/settings.json',
      '.husky/x',
      '.npmrc',
      '.env',
      '.env.local',
      '.ENV.production',
      'api/.env',
    ];
    expect(codes(denied, 'write')).toEqual(new Set(['POLICY_DENIED']));
    for (const path of denied) expect(() => rules.check(path, 'read')).not.toThrow();
    for (const path of ['.env.example', 'env', '.environment', 'vscode/x', 'npmrc', '.huskyrc'])
      expect(() => rules.check(path, 'write')).not.toThrow();
    const own = new PathRules(new Limits(), { writeProtected: ['deploy', 'key.*'], writeExempt: [] });
    expect(codes(['deploy/x', 'a/KEY.pem'], 'write', own)).toEqual(new Set(['POLICY_DENIED']));
    expect(() => own.check('.env', 'write')).not.toThrow();
  });

  it('never accepts a path that resolves outside, whatever it is made of', () => {
    const piece = fc.constantFrom('..', '.', '', 'a', '/', '\\', '~', '. .', '...', '\u2024', '%2e', '\0');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('/', '//', ''), (pieces, glue) => {
        const path = pieces.join(glue);
        try {
          rules.check(path, 'read');
        } catch (error) {
          return error instanceof ServerError;
        }
        return new URL(path.replaceAll('\\', '_').replaceAll('%', '_'), 'file:///r/o/o/t/').pathname.startsWith(
          '/r/o/o/t/',
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
