import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EMPTY_POLICY, Limits, loadSettings, parsePolicy, PolicySource, WorkspaceSettings } from '@app/config';
import { LOCAL_PRINCIPAL, type ServerError } from '@app/mcp';
import { resolveForWriting } from './resolve-for-writing.js';
import { Workspaces } from './workspaces.js';

let base: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'workspaces-')));
  for (const name of ['one', 'two']) {
    await mkdir(join(base, name));
    await writeFile(join(base, name, 'name.txt'), name);
  }
});
afterEach(() => rm(base, { recursive: true, force: true }));

const NO_POLICY = new PolicySource(undefined, EMPTY_POLICY);
const workspacesOf = (...entries: string[]): Workspaces => {
  const { workspace, limits } = loadSettings({}, { transport: 'stdio', workspaces: entries });
  return new Workspaces(workspace, limits, NO_POLICY);
};
const nameIn = async (workspaces: Workspaces, name?: string): Promise<string> => {
  await using file = await workspaces.get(LOCAL_PRINCIPAL, name).tree.openFile('name.txt');
  return file.handle.readFile('utf8');
};

describe('Workspaces', () => {
  it('gives each root its own files, and the first by default', async () => {
    const workspaces = workspacesOf(`a=${join(base, 'one')}`, `b=${join(base, 'two')}`);
    expect(await nameIn(workspaces)).toBe('one');
    expect(await nameIn(workspaces, 'a')).toBe('one');
    expect(await nameIn(workspaces, 'b')).toBe('two');
    expect(workspaces.all.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('has one refusal for every other name', () => {
    const workspaces = workspacesOf(`a=${join(base, 'one')}`);
    const messages = ['', 'c', '../two', '__proto__', 'toString', 'A', 'x'.repeat(10_000)].map((name) => {
      try {
        workspaces.get(LOCAL_PRINCIPAL, name);
      } catch (error) {
        return `${(error as ServerError).code} ${(error as ServerError).message}`;
      }
      return 'found';
    });
    expect(new Set(messages).size).toBe(1);
    expect(messages[0]).toContain('NOT_FOUND');
    const none = new Workspaces(Object.assign(new WorkspaceSettings(), { roots: [] }), new Limits(), NO_POLICY);
    expect(() => none.get(LOCAL_PRINCIPAL)).toThrow('no such workspace');
  });

  it('shows a tenant its own, and refuses a policy that names one that is not there', async () => {
    const policy = new PolicySource('policy.yaml', parsePolicy('tenants: { acme: { workspaces: [b] }, all: {} }'), () =>
      Promise.resolve('tenants: { acme: { workspaces: [c] } }'),
    );
    const { workspace, limits } = loadSettings(
      {},
      { transport: 'stdio', workspaces: [`a=${join(base, 'one')}`, `b=${join(base, 'two')}`] },
    );
    const workspaces = new Workspaces(workspace, limits, policy);
    workspaces.onModuleInit();
    const of = (tenant: string) => ({ ...LOCAL_PRINCIPAL, tenant });
    expect(workspaces.visibleTo(of('acme')).map(({ name }) => name)).toEqual(['b']);
    expect(workspaces.visibleTo(of('all')).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(workspaces.get(of('acme')).name).toBe('b');
    expect(() => workspaces.get(of('acme'), 'a')).toThrow('no such workspace');
    expect((await policy.reload()).problems).toEqual(['tenants.acme.workspaces: there is no workspace c']);
  });

  it('takes a root that is a link, or has a trailing slash, for what it leads to', async () => {
    await symlink(join(base, 'one'), join(base, 'link'));
    expect(await nameIn(workspacesOf(`a=${join(base, 'link')}/`))).toBe('one');
  });

  it('judges a write by the given path and by where its links lead', async () => {
    const workspace = workspacesOf(`a=${join(base, 'one')}`).get(LOCAL_PRINCIPAL);
    await mkdir(join(base, 'one/.git'));
    await symlink('.git', join(base, 'one/innocent'));
    const code = (path: string) =>
      resolveForWriting(workspace, path).then(
        ({ canonical }) => canonical,
        (error: ServerError) => error.code,
      );
    expect(await code('innocent/config')).toBe('PROTECTED_PATH');
    expect(await code('.git/config')).toBe('PROTECTED_PATH');
    expect(await code('new/name.txt')).toBe('new/name.txt');
    expect(await code('./name.txt')).toBe('name.txt');
    expect(await readFile(join(base, 'one/name.txt'), 'utf8')).toBe('one');
  });

  describe('lets nobody write where git keeps a repository', () => {
    const one = (...path: string[]): string => join(base, 'one', ...path);
    const code = (path: string): Promise<string> =>
      resolveForWriting(workspacesOf(`a=${join(base, 'one')}`).get(LOCAL_PRINCIPAL), path).then(
        () => 'resolved',
        (error: ServerError) => error.code,
      );
    const codes = (...paths: string[]): Promise<string[]> => Promise.all(paths.map(code));

    it.each(['.git2', './x/../.git2', 'absolute'])('behind a link to %s', async (target) => {
      await mkdir(one('.git2/hooks'), { recursive: true });
      await mkdir(one('x'));
      await symlink(target === 'absolute' ? one('.git2') : target, one('.git'));
      expect(await codes('.git2/hooks/pre-commit', '.git2', '.git2x', 'x/y')).toEqual([
        'PROTECTED_PATH',
        'PROTECTED_PATH',
        'resolved',
        'resolved',
      ]);
    });

    it('behind a link whose target is still missing', async () => {
      await symlink('later', one('.git'));
      expect(await codes('later/hooks/pre-commit', 'other/x')).toEqual(['PROTECTED_PATH', 'resolved']);
    });

    it.each(['gitdir: ../stored\n', 'absolute'])('named by a file: %j', async (text) => {
      await mkdir(one('sub'));
      await writeFile(one('.git'), text === 'absolute' ? `gitdir: ${one('stored')}\n` : 'gitdir: stored\n');
      expect(await codes('stored/hooks/x', 'stored2/x')).toEqual(['PROTECTED_PATH', 'resolved']);
      await rm(one('.git'));
      await writeFile(one('sub/.git'), 'gitdir: inner\n');
      expect(await codes('stored/hooks/x', 'sub/inner/hooks/x')).toEqual(['resolved', 'PROTECTED_PATH']);
    });

    it('in a folder that has what a repository has', async () => {
      await mkdir(one('deep/bare.git/objects'), { recursive: true });
      await mkdir(one('deep/bare.git/refs'));
      expect(await codes('deep/bare.git/hooks/new/x')).toEqual(['resolved']);
      await writeFile(one('deep/bare.git/HEAD'), 'ref: refs/heads/main\n');
      expect(await codes('deep/bare.git/hooks/new/x', 'deep/bare.git/config', 'deep/x')).toEqual([
        'PROTECTED_PATH',
        'PROTECTED_PATH',
        'resolved',
      ]);
    });

    it('and minds no link or file that leads out or says nothing', async () => {
      await symlink(join(base, 'two'), one('.git'));
      expect(await codes('x')).toEqual(['resolved']);
      await rm(one('.git'));
      for (const text of ['', 'gitdir: ../two\n', `gitdir: ${join(base, 'two')}`, 'gitdir: ', 'x'.repeat(10_000)]) {
        await writeFile(one('.git'), text);
        expect(await codes('x')).toEqual(['resolved']);
      }
    });
  });
});
