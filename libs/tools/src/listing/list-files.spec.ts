import { env } from 'node:process';
import { chmod, mkdir, mkdtemp, realpath, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Limits } from '@app/config';
import { ALICE, BOB, TestKit } from '@app/testing';
import { Workspaces } from '../workspace/index.js';
import type { ListFilesOutput } from './list-files.schema.js';
import { describeEntry } from './listed-entry.js';
import { ListingTools } from './listing.toolset.js';

/** What holds the loop would hold it for seconds; a machine that has other work holds it for a while, too. */
const HELD_MS = env['PROOF'] === 'full' ? 200 : 2_000;

describe('list_files', () => {
  let base: string;
  let root: string;
  const kits: TestKit[] = [];

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'list-')));
    root = join(base, 'ws');
    await mkdir(root);
  });
  afterEach(async () => {
    await Promise.all(kits.splice(0).map((kit) => kit.stop()));
    await rm(base, { recursive: true, force: true });
  });

  async function server(limits: Partial<Limits> = {}): Promise<TestKit> {
    const kit = await TestKit.start({
      workspace: root,
      limits,
      toolsetClasses: [ListingTools],
      providers: [Workspaces],
    });
    kits.push(kit);
    return kit;
  }
  const list = async (kit: TestKit, input: object = {}): Promise<ListFilesOutput> =>
    kit.succeed<ListFilesOutput>('list_files', input);
  const paths = ({ entries }: ListFilesOutput): string[] => entries.map(({ path }) => path);
  async function files(...names: string[]): Promise<void> {
    for (const name of names) {
      await mkdir(join(root, name, '..'), { recursive: true });
      await writeFile(join(root, name), name);
    }
  }
  async function allPages(kit: TestKit, input: object): Promise<ListFilesOutput[]> {
    const pages = [await list(kit, input)];
    while (pages.at(-1)!.next_cursor !== undefined && pages.length < 200)
      pages.push(await list(kit, { ...input, cursor: pages.at(-1)!.next_cursor }));
    return pages;
  }

  it('lists one level by default, folders before what is in them', async () => {
    await files('b.txt', 'a/inner.txt', 'a.txt');
    const kit = await server();
    const flat = await list(kit);
    expect(flat.entries.map(({ path, type, size }) => ({ path, type, size }))).toEqual([
      { path: 'a', type: 'directory', size: undefined },
      { path: 'a.txt', type: 'file', size: 5 },
      { path: 'b.txt', type: 'file', size: 5 },
    ]);
    expect(flat).toMatchObject({ truncated: false, total: 3, counts: { files: 2, directories: 1, ignored: 0 } });
    expect(paths(await list(kit, { depth: 2 }))).toEqual(['a', 'a/inner.txt', 'a.txt', 'b.txt']);
    expect(paths(await list(kit, { path: 'a' }))).toEqual(['a/inner.txt']);
  });

  it('tells about a single file', async () => {
    await files('a/one.txt');
    expect(await list(await server(), { path: 'a/one.txt' })).toMatchObject({
      entries: [{ path: 'a/one.txt', type: 'file', size: 9 }],
      total: 1,
    });
  });

  it('honours .gitignore files at every level, and shows what they hide when asked', async () => {
    await files(
      '.git/config',
      'kept.ts',
      'out/x.js',
      'a/debug.log',
      'a/important.log',
      'a/b/debug.log',
      'nested/.git/HEAD',
      'nested/debug.log',
    );
    await writeFile(join(root, '.gitignore'), '*.log\n/out/\n');
    await writeFile(join(root, 'a/.gitignore'), '!important.log\n');
    const kit = await server();
    const shown = await list(kit, { depth: 10 });
    expect(paths(shown)).toEqual([
      '.gitignore',
      'a',
      'a/.gitignore',
      'a/b',
      'a/important.log',
      'kept.ts',
      'nested',
      'nested/debug.log',
    ]);
    expect(shown.counts.ignored).toBe(5);
    expect(paths(await list(kit, { path: 'a/b' }))).toEqual([]);
    expect(paths(await list(kit, { path: 'out' }))).toEqual(['out/x.js']);
    const all = paths(await list(kit, { depth: 10, include_ignored: true }));
    expect(all).toEqual(expect.arrayContaining(['.git', 'out', 'out/x.js', 'a/b/debug.log']));
    expect(all).not.toContain('.git/config');
  });

  it('lists links as links, follows none, and tells only targets inside', async () => {
    await files('real/inner.txt');
    await writeFile(join(base, 'secret.txt'), 'CANARY');
    await symlink(base, join(root, 'out-dir'));
    await symlink('/', join(root, 'slash'));
    await symlink(join(base, 'secret.txt'), join(root, 'out-file'));
    await symlink('real', join(root, 'in-dir'));
    await symlink(join(root, 'real/inner.txt'), join(root, 'in-absolute'));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('loop', join(root, 'loop'));
    const { entries, counts } = await list(await server(), { depth: 10 });
    const links = Object.fromEntries(
      entries.filter(({ type }) => type === 'link').map((entry) => [entry.path, entry.link_target]),
    );
    expect(links).toEqual({
      'out-dir': undefined,
      slash: undefined,
      'out-file': undefined,
      'in-dir': 'real',
      'in-absolute': 'real/inner.txt',
      dangling: 'nowhere',
      loop: undefined,
    });
    expect(counts).toMatchObject({ links: 7, files: 1, directories: 1 });
    expect(JSON.stringify(entries)).not.toMatch(/secret|CANARY|etc/);
  });

  it.each([
    ['..', 'PATH_OUTSIDE_WORKSPACE'],
    ['/etc', 'PATH_OUTSIDE_WORKSPACE'],
    ['../ws-evil', 'PATH_OUTSIDE_WORKSPACE'],
    ['leave', 'SYMLINK_ESCAPE'],
    ['leave/etc', 'SYMLINK_ESCAPE'],
    ['missing', 'NOT_FOUND'],
  ])('refuses the path %s', async (path, code) => {
    await symlink('/', join(root, 'leave'));
    expect(await (await server()).fail('list_files', { path })).toMatchObject({ code });
  });

  it.each(['../other', '__proto__', '', 'x'.repeat(10_000), 'unknown'])(
    'answers alike for every workspace that is not there (%#)',
    async (workspace) => {
      const kit = await server();
      expect(await kit.fail('list_files', { workspace })).toEqual(await kit.fail('list_files', { workspace: 'other' }));
      expect((await kit.fail('list_files', { workspace })).code).toBe('NOT_FOUND');
    },
  );

  it('flags names that are not UTF-8 and keeps odd ones valid', async () => {
    await files('new\nline', 'esc\u001b]0;x\u0007', 'rlo\u202etxt');
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff, 0x41])]), 'x');
    await mkdir(Buffer.concat([Buffer.from(`${root}/dir`), Buffer.from([0xfe])]));
    const listed = await list(await server(), { depth: 5 });
    expect(paths(listed)).toEqual(['bad\\xffA', 'dir\\xfe', 'esc\u001b]0;x\u0007', 'new\nline', 'rlo\u202etxt']);
    expect(listed.entries.filter((entry) => entry.unreadable_name).map(({ path, type }) => [path, type])).toEqual([
      ['bad\\xffA', 'file'],
      ['dir\\xfe', 'directory'],
    ]);
    expect(JSON.parse(JSON.stringify(listed))).toEqual(listed);
  });

  it('matches globs at any depth, below path, and opens only what they reach', async () => {
    await files('a.ts', 'src/b.ts', 'src/deep/c.ts', 'src/deep/c.js', 'test/d.ts');
    const kit = await server();
    expect(paths(await list(kit, { glob: '*.ts' }))).toEqual(['a.ts', 'src/b.ts', 'src/deep/c.ts', 'test/d.ts']);
    expect(paths(await list(kit, { glob: '*.ts', depth: 1 }))).toEqual(['a.ts']);
    expect(paths(await list(kit, { path: 'src', glob: 'deep/*.{ts,js}' }))).toEqual(['src/deep/c.js', 'src/deep/c.ts']);
    expect(await kit.fail('list_files', { glob: '*a*a*a*a*a*a*a*a*b' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('sorts by size and time, and leaves out what has not changed', async () => {
    await files('small', 'a-bit-larger', 'dir/in');
    await utimes(join(root, 'small'), 1_700_000_000, 1_700_000_000);
    await utimes(join(root, 'a-bit-larger'), 1_600_000_000, 1_600_000_000);
    const kit = await server();
    expect(paths(await list(kit, { sort: 'size' }))).toEqual(['a-bit-larger', 'small', 'dir']);
    expect(paths(await list(kit, { sort: 'mtime' }))).toEqual(['dir', 'small', 'a-bit-larger']);
    expect(paths(await list(kit, { changed_since: '2023-01-01', depth: 2 }))).toEqual(['dir/in', 'small']);
    for (const changed_since of ['yesterday', '2023-13-45', '1e3', ''])
      expect(await kit.fail('list_files', { changed_since })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.each(['name', 'size', 'mtime'])('pages through 5,000 files sorted by %s, each exactly once', async (sort) => {
    const names = Array.from({ length: 5_000 }, (_, index) => `f${index}`);
    await Promise.all(names.map((name, index) => writeFile(join(root, name), 'x'.repeat(index % 7))));
    const pages = await allPages(await server(), { sort });
    expect(pages.length).toBeGreaterThanOrEqual(5);
    expect(pages.every(({ entries }) => entries.length <= 1_000)).toBe(true);
    expect(pages[0]).toMatchObject({
      truncated: true,
      truncated_by: 'entries',
      total: 5_000,
      counts: { files: 5_000 },
    });
    expect(pages.at(-1)).toMatchObject({ truncated: false });
    const seen = pages.flatMap(paths);
    expect(seen).toHaveLength(5_000);
    expect(new Set(seen)).toEqual(new Set(names));
  });

  it('says what it cut in a deep tree, and goes on from there', async () => {
    const deep = Array.from({ length: 30 }, () => 'd').join('/');
    await files(`${deep}/leaf`, ...Array.from({ length: 20 }, (_, index) => `wide${index}/leaf`));
    expect(paths(await list(await server(), { depth: 10 })).filter((path) => path.startsWith('d'))).toHaveLength(10);
    expect(await (await server()).fail('list_files', { depth: 11 })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const scanned = await allPages(await server({ listScannedEntries: 25 }), { depth: 10 });
    expect(scanned[0]).toMatchObject({ truncated: true, truncated_by: 'scanned' });
    expect(scanned[0]!.total).toBeUndefined();
    expect(scanned.flatMap(paths)).toEqual(paths(await list(await server(), { depth: 10 })));
    expect(scanned.length).toBeGreaterThan(1);
    const flat = await server({ walkDepth: 3 });
    expect(await list(flat, { depth: 10 })).toMatchObject({ truncated: true, truncated_by: 'depth' });
  });

  it('stops at its time and says so', async () => {
    await files('a/b', 'c');
    const listed = await list(await server({ listMs: -1 }), { depth: 3 });
    expect(listed).toMatchObject({ entries: [], truncated: true, truncated_by: 'time' });
  });

  it('shows some of a folder with more entries than are scanned, and does not pretend to know the rest', async () => {
    await files(...Array.from({ length: 50 }, (_, index) => `f${index}`));
    const listed = await list(await server({ listScannedEntries: 10 }));
    expect(listed.entries).toHaveLength(10);
    expect(listed).toMatchObject({ truncated: true, truncated_by: 'scanned' });
    expect(listed.next_cursor).toBeUndefined();
    expect(listed.total).toBeUndefined();
  });

  it('keeps an answer within its bytes', async () => {
    await files(...Array.from({ length: 60 }, (_, index) => `${'n'.repeat(200)}${index}`));
    const pages = await allPages(await server({ listBytes: 4_096 }), {});
    expect(pages[0]).toMatchObject({ truncated: true, truncated_by: 'bytes' });
    expect(pages.every(({ entries }) => JSON.stringify(entries).length <= 4_098)).toBe(true);
    expect(pages.flatMap(paths)).toHaveLength(60);
  });

  it('refuses a cursor of another query, another caller, or changed by hand', async () => {
    await files(...Array.from({ length: 30 }, (_, index) => `f${index}`));
    const kit = await server({ listEntries: 10 });
    const { next_cursor: cursor } = await list(kit);
    expect(paths(await list(kit, { cursor }))).toHaveLength(10);
    const decoded = Buffer.from(cursor!, 'base64url').toString();
    const tampered = Buffer.from(decoded.replace(/f\d+/, 'f0')).toString('base64url');
    expect(tampered).not.toBe(cursor);
    const attempts: [object, object?][] = [
      [{ cursor: tampered }],
      [{ cursor: `${cursor}A` }],
      [{ cursor: cursor!.slice(1) }],
      [{ cursor: '' }],
      [{ cursor: 'null' }],
      [{ cursor: 'x'.repeat(100_000) }],
      [{ cursor: Buffer.from('[1,2]').toString('base64url') }],
      [{ cursor, sort: 'size' }],
      [{ cursor, depth: 2 }],
      [{ cursor, include_ignored: true }],
      [{ cursor, path: '.', glob: '*' }],
      [{ cursor }, { principal: BOB }],
    ];
    for (const [input, options] of attempts)
      expect(await kit.fail('list_files', input, options)).toMatchObject({ code: 'INVALID_CURSOR' });
    expect(paths(await list(kit, { cursor }))).toEqual(
      paths(await kit.succeed('list_files', { cursor }, { principal: ALICE })),
    );
  });

  it('ends when its caller is gone', async () => {
    await files('a/b');
    const kit = await server();
    const tools = kit.get(ListingTools);
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(
      tools.listFiles({ path: '.', sort: 'name', include_ignored: false }, { signal: gone, principal: ALICE } as never),
    ).rejects.toThrow('gone');
  });

  it('passes by a folder it may not open', async () => {
    await files('closed/in', 'open/in');
    await chmod(join(root, 'closed'), 0);
    const listed = await list(await server(), { depth: 2 });
    await chmod(join(root, 'closed'), 0o700);
    expect(paths(listed)).toEqual(expect.arrayContaining(['closed', 'open', 'open/in']));
    expect(listed.counts.unreadable ?? 0).toBe(process.getuid?.() === 0 ? 0 : 1);
  });

  it('lists a file whose time is later than a date can be', async () => {
    await files('far.txt', 'near.txt');
    await utimes(join(root, 'far.txt'), 9e12, 9e12);
    for (const sort of ['name', 'mtime'])
      expect(paths(await list(await server(), { sort })).toSorted()).toEqual(['far.txt', 'near.txt']);
    const stats = await stat(join(root, 'near.txt'));
    for (const [mtimeMs, mtime] of [
      [9e15, '+275760-09-13T00:00:00.000Z'],
      [-9e15, '-271821-04-20T00:00:00.000Z'],
    ] as const)
      expect(describeEntry('far.txt', Object.assign(stats, { mtimeMs }))).toMatchObject({ mtime });
  });

  it('blocks nobody while it applies hostile ignore rules to deep, long names', async () => {
    const name = 'a'.repeat(200);
    const folder = Array.from({ length: 9 }, () => name).join('/');
    await files('b.txt', `${folder}/c.txt`, `${folder}/d.txt`);
    await writeFile(join(root, '.gitignore'), '*a*b\n'.repeat(13_000));
    await writeFile(join(root, name, '.gitignore'), `${'a*'.repeat(7)}b/*\n`.repeat(3_000));
    const kit = await server();
    let longest = 0;
    // The time spent at work between two turns, not the time the machine gave to others.
    let cpu = process.threadCpuUsage();
    const turn = (): void => {
      const { user, system } = process.threadCpuUsage(cpu);
      longest = Math.max(longest, (user + system) / 1_000);
      cpu = process.threadCpuUsage();
    };
    const timer = setInterval(turn, 1);
    const found = await list(kit, { depth: 10 });
    clearInterval(timer);
    turn();
    expect(paths(found)).toContain(`${folder}/d.txt`);
    expect(longest).toBeLessThan(HELD_MS);
  });
});
