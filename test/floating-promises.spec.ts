import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

/** Runs the check on one file. @returns its exit code and what it said */
function lint(source: string): { code: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'promises-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'planted.ts'), source);
    writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": true }, "include": ["*.ts"] }');
    const args = ['--type-aware', '--deny-warnings', '-c', join(root, '.oxlintrc.promises.json'), 'planted.ts'];
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
    });
    return { code: status, said: stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a promise that nobody waits for', () => {
  it('fails the check', () => {
    const { code, said } = lint('async function work(): Promise<void> {}\nwork();\nexport {};\n');
    expect([code, said]).toEqual([1, expect.stringContaining('no-floating-promises')]);
  });

  it('passes when somebody waits, or says that nobody does', () => {
    const source =
      'async function work(): Promise<void> {}\nawait work();\nvoid work().catch(() => undefined);\nexport {};\n';
    expect(lint(source).code).toBe(0);
  });
});
