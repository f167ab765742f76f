import { appendFile, chmod, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changedPaths, TestRepository } from './test-repository.js';

let repository: TestRepository;
beforeAll(async () => {
  repository = await TestRepository.create();
});
afterAll(() => repository[Symbol.asyncDispose]());

describe('the repository that tests work on', () => {
  it('has more than 200 files in git, a clean work tree, and ignored files beside them', async () => {
    expect((await repository.git('ls-files', '-z')).split('\0').length).toBeGreaterThan(200);
    expect(await repository.git('status', '--porcelain')).toBe('');
    expect(
      (await repository.git('ls-files', '-z', '--others', '--ignored', '--exclude-standard')).split('\0').sort(),
    ).toEqual([
      '',
      'build/out.js',
      'debug.log',
      'node_modules/left/index.js',
      'node_modules/left/package.json',
      'packages/one/generated/types.ts',
      'packages/one/local.json',
    ]);
  });

  it('keeps in git the very bytes that are on disk', async () => {
    for (const path of ['windows/Invoice.cs', 'text/mixed-eol.txt', 'text/utf16be.txt', 'text/utf8-bom-crlf.csv'])
      expect((await repository.git('hash-object', '--no-filters', path)).trim()).toBe(
        (await repository.git('rev-parse', `HEAD:${path}`)).trim(),
      );
  });

  it('is the same each time, to the id of its commit, and leaves nothing behind', async () => {
    const again = await TestRepository.create();
    const different = changedPaths(await repository.snapshot(), await again.snapshot());
    await again[Symbol.asyncDispose]();
    expect(again.commit).toBe(repository.commit);
    // The index remembers inodes and times.
    expect(different).toEqual(['.git/index']);
    expect([existsSync(again.root), existsSync(again.outside)]).toEqual([false, false]);
  });

  it('shows every kind of change in its snapshot, inside, outside and in .git', async () => {
    const own = await TestRepository.create();
    const before = await own.snapshot();
    expect(changedPaths(before, await own.snapshot())).toEqual([]);
    await appendFile(own.path('text/empty.txt'), ' ');
    await chmod(own.path('README.md'), 0o755);
    await rm(own.path('docs/café.md'));
    await rm(own.path('links/dangling'));
    await symlink('elsewhere', own.path('links/dangling'));
    await writeFile(own.path('.git/hooked'), '');
    await writeFile(`${own.outside}/new.txt`, '');
    expect(changedPaths(before, await own.snapshot())).toEqual([
      '../outside/new.txt',
      '.git/hooked',
      'README.md',
      'docs/café.md',
      'links/dangling',
      'text/empty.txt',
    ]);
    await own[Symbol.asyncDispose]();
  });
});
