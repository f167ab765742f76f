import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestKit } from '@app/testing';
import { RipgrepBinary } from '../search/index.js';
import { CoreTools } from './core.toolset.js';
import { Workspaces } from './workspaces.js';

describe('workspace_info', () => {
  let base: string;
  let root: string;
  let kit: TestKit;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'core-')));
    root = join(base, 'ws');
    await mkdir(root);
    kit = await TestKit.start({ workspace: root, toolsetClasses: [CoreTools], providers: [Workspaces, RipgrepBinary] });
  });
  afterEach(async () => {
    await kit.stop();
    await rm(base, { recursive: true, force: true });
  });

  it('tells where the caller is and what limits he meets, in a small answer', async () => {
    const info = await kit.succeed('workspace_info');
    expect(info).toMatchObject({
      server: { name: 'test', version: '0.0.0' },
      workspaces: [{ name: 'ws' }],
      principal: { subject: 'alice' },
      runtime: {
        node: process.version,
        git: expect.stringMatching(/^\d+\.\d+/),
        ripgrep: expect.stringMatching(/^\d+\.\d+/),
      },
      toolsets: ['all'],
      limits: {
        search_matches: 500,
        list_entries: 1_000,
        read_items: 20,
        write_bytes: 5_000_000,
        call_deadline_ms: 30_000,
      },
      boundary: 'none',
    });
    expect(
      Object.keys(info['limits'] as object).filter((name) => /legacy|session|subscription|header/.test(name)),
    ).toEqual([]);
    expect(Buffer.byteLength(JSON.stringify(info))).toBeLessThanOrEqual(8_192);
    expect(JSON.stringify(info)).not.toContain(base);
  });

  it('tells the branch as git does, without running it', async () => {
    await promisify(execFile)('git', ['init', '-q', '-b', 'feature/ä-1', root]);
    expect(await kit.succeed('workspace_info')).toMatchObject({ workspaces: [{ name: 'ws', branch: 'feature/ä-1' }] });
  });

  it.each([
    ['0123456789012345678901234567890123456789\n'],
    ['ref: refs/heads/\n'],
    ['ref: refs/heads/a\u001b]0;x\u0007\n'],
    ['ref: refs/heads/a b\n'],
    [`ref: refs/heads/${'x'.repeat(10_000)}`],
    ['ref: refs/remotes/x\n'],
  ])('tells no branch for a HEAD of %j', async (head) => {
    await mkdir(join(root, '.git'));
    await writeFile(join(root, '.git/HEAD'), head);
    expect((await kit.succeed('workspace_info'))['workspaces']).toEqual([{ name: 'ws' }]);
  });

  it('reads no HEAD outside', async () => {
    await mkdir(join(base, 'other'));
    await writeFile(join(base, 'other/HEAD'), 'ref: refs/heads/outside\n');
    await symlink(join(base, 'other'), join(root, '.git'));
    expect((await kit.succeed('workspace_info'))['workspaces']).toEqual([{ name: 'ws' }]);
  });

  it('takes no arguments', async () => {
    expect(await kit.fail('workspace_info', { verbose: true })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
