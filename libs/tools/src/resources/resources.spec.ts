import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Limits, PolicySource, WorkspaceSettings } from '@app/config';
import { ProtocolViolation, type ResourceContents, type ResourcePage } from '@app/mcp';
import { Dispatcher, OperationRegistry, type ResourceOperation } from '@app/pipeline';
import { ALICE, BOB, TestKit } from '@app/testing';
import { Workspaces } from '../workspace/index.js';
import { WorkspaceResources } from './resources.toolset.js';

const TEMPLATE = 'workspace://{workspace}/{+path}';

describe('workspace resources', () => {
  let base: string;
  const kits: TestKit[] = [];

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'resources-')));
    for (const name of ['ws', 'two']) await mkdir(join(base, name));
    await writeFile(join(base, 'secret.txt'), 'CANARY');
  });
  afterEach(async () => {
    await Promise.all(kits.splice(0).map((kit) => kit.stop()));
    await rm(base, { recursive: true, force: true });
  });

  async function server(limits: Partial<Limits> = {}): Promise<TestKit> {
    const roots = ['ws', 'two'].map((name) => ({ name, path: join(base, name) }));
    const workspaces = {
      provide: Workspaces,
      useFactory: (l: Limits, policy: PolicySource) =>
        new Workspaces(Object.assign(new WorkspaceSettings(), { roots }), l, policy),
      inject: [Limits, PolicySource],
    };
    const kit = await TestKit.start({
      workspace: join(base, 'ws'),
      limits,
      toolsetClasses: [WorkspaceResources],
      providers: [workspaces],
    });
    kits.push(kit);
    return kit;
  }
  async function file(path: string, content: string | Buffer = path): Promise<void> {
    await mkdir(join(base, path, '..'), { recursive: true });
    await writeFile(join(base, path), content);
  }
  const request = {
    principal: ALICE,
    client: { progress: () => undefined, log: () => undefined },
    whenGone: () => undefined,
  };
  const template = (kit: TestKit): ResourceOperation =>
    kit
      .get(OperationRegistry)
      .resources()
      .find(({ name }) => name === TEMPLATE)!;

  async function read(kit: TestKit, uri: string): Promise<ResourceContents> {
    const outcome = await kit.get(Dispatcher).readResource(uri, request as never);
    if (outcome.kind === 'success') return outcome.value[0]!;
    throw outcome.kind === 'failure' ? outcome.error : new Error(outcome.kind);
  }
  async function list(kit: TestKit, cursor?: string, limit = 100, principal = ALICE): Promise<ResourcePage> {
    const outcome = await kit
      .get(Dispatcher)
      .listResources(template(kit), { limit, ...(cursor !== undefined && { cursor }) }, {
        ...request,
        principal,
      } as never);
    if (outcome.kind === 'success') return outcome.value;
    throw outcome.kind === 'failure' ? outcome.error : new Error(outcome.kind);
  }
  async function complete(
    kit: TestKit,
    variable: string,
    value: string,
    known: Record<string, string> = {},
  ): Promise<readonly string[]> {
    const operation = template(kit);
    const outcome = await kit
      .get(Dispatcher)
      .complete(operation, operation.completers.get(variable)!, { value, known }, request as never);
    if (outcome.kind === 'success') return outcome.value;
    throw outcome.kind === 'failure' ? outcome.error : new Error(outcome.kind);
  }

  it('reads text and bytes', async () => {
    await file('ws/dir/ä b#?.txt', 'höllo\n');
    await file('ws/image', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]));
    await file('ws/latin1.txt', Buffer.from([0x61, 0xe9, 0x0a]));
    await file('ws/empty', '');
    const kit = await server();
    const uri = `workspace://ws/dir/${encodeURIComponent('ä b#?.txt')}`;
    expect(await read(kit, uri)).toEqual({ uri, mimeType: 'text/plain', text: 'höllo\n' });
    expect(await read(kit, 'workspace://ws/image')).toEqual({
      uri: 'workspace://ws/image',
      mimeType: 'image/png',
      blob: 'iVBORw0KGgoA',
    });
    expect(await read(kit, 'workspace://ws/latin1.txt')).toMatchObject({
      mimeType: 'application/octet-stream',
      blob: 'YekK',
    });
    expect(await read(kit, 'workspace://ws/empty')).toMatchObject({ text: '' });
  });

  it('refuses what is too large', async () => {
    await file('ws/text', 'x'.repeat(300));
    await file('ws/bytes', Buffer.alloc(2_000));
    const kit = await server({ readTextBytes: 200, readMediaBytes: 1_000 });
    for (const name of ['text', 'bytes'])
      await expect(read(kit, `workspace://ws/${name}`)).rejects.toMatchObject({ code: 'LIMIT' });
    expect(await read(await server(), 'workspace://ws/text')).toMatchObject({ text: 'x'.repeat(300) });
  });

  it('answers alike for everything that cannot be read, and never shows what is outside', async () => {
    await file('ws/in.txt');
    await symlink(join(base, 'secret.txt'), join(base, 'ws/link'));
    await symlink(base, join(base, 'ws/dir-link'));
    await symlink(join(base, 'nothing'), join(base, 'ws/dangling'));
    await promisify(execFile)('mkfifo', [join(base, 'ws/fifo')]);
    const kit = await server();
    const uris = [
      'workspace://ws/missing',
      'workspace://ws/../secret.txt',
      'workspace://ws/%2e%2e/secret.txt',
      'workspace://ws/..%2fsecret.txt',
      'workspace://ws/%252e%252e/secret.txt',
      'workspace://../x',
      'workspace://ws/',
      'workspace://ws/.',
      'workspace://ws//etc/passwd',
      'workspace://ws/%2Fetc%2Fpasswd',
      'workspace://ws/link',
      'workspace://ws/dir-link/secret.txt',
      'workspace://ws/dangling',
      'workspace://ws/fifo',
      'workspace://ws/in.txt/',
      'workspace://ws/in.txt/x',
      'workspace://other/in.txt',
      'workspace://__proto__/in.txt',
      'workspace://ws/a%00b',
      'workspace://ws/%0a',
      `file://${base}/secret.txt`,
      `file://evil/ws/in.txt`,
      `file:///ws/%2e%2e/secret.txt`,
      'workspace://ws/%zz',
      'workspace:ws/in.txt',
      'WORKSPACE://ws/in.txt',
      '',
      `workspace://ws/${'a/'.repeat(100_000)}`,
      '{'.repeat(1_000_000),
      `workspace://ws/${'a,'.repeat(50)}/`,
    ];
    for (const uri of uris) {
      const error = await read(kit, uri).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect([uri.slice(0, 80), error instanceof ProtocolViolation && [error.code, error.message]]).toEqual([
        uri.slice(0, 80),
        [-32_602, 'Resource not found'],
      ]);
      expect(JSON.stringify((error as ProtocolViolation).data ?? {})).not.toContain('CANARY');
    }
    expect(await read(kit, 'workspace://ws/in.txt')).toMatchObject({ text: 'ws/in.txt' });
  });

  it('lists the files of all workspaces page by page, without what is ignored', async () => {
    for (let at = 0; at < 25; at++) await file(`ws/d${at % 3}/f${at}`);
    for (const path of ['ws/.git/config', 'ws/out/x', 'ws/odd #%.txt', 'two/a', 'two/b/c']) await file(path);
    await file('ws/.gitignore', 'out\n');
    await symlink('a', join(base, 'two/link'));
    const kit = await server();
    const pages = [await list(kit, undefined, 10)];
    while (pages.at(-1)!.nextCursor !== undefined && pages.length < 20)
      pages.push(await list(kit, pages.at(-1)!.nextCursor, 10));
    const uris = pages.flatMap(({ entries }) => entries.map(({ uri }) => uri));
    expect(pages.every(({ entries }) => entries.length <= 10)).toBe(true);
    expect(uris).toHaveLength(29);
    expect(new Set(uris).size).toBe(29);
    expect(uris.slice(-2)).toEqual(['workspace://two/a', 'workspace://two/b/c']);
    expect(uris).toContain('workspace://ws/odd%20%23%25.txt');
    expect(uris.some((uri) => /\.git\/|out|link/.test(uri))).toBe(false);
    for (const uri of uris) expect((await read(kit, uri)).text).toEqual(expect.any(String));
    expect(pages[0]!.entries[0]).toEqual({ uri: 'workspace://ws/.gitignore', name: '.gitignore', size: 4 });
  });

  it('goes on inside paths of any length with cursors of one, and leaves out what no URI can name', async () => {
    // Written step by step: the whole path is longer than the system takes at once.
    const make = `import os, sys
os.chdir(sys.argv[1])
for depth in range(22):
    os.mkdir('%' * 200); os.chdir('%' * 200)
    if depth in (11, 17, 21):
        for at in range(3): open('f%d' % at, 'w').close()`;
    await promisify(execFile)('python3', ['-c', make, join(base, 'ws')]);
    await file('ws/z.txt');
    const kit = await server();
    const names: string[] = [];
    const cursors: string[] = [];
    for (let cursor: string | undefined; names.length < 20; cursors.push(cursor)) {
      const { entries, nextCursor } = await list(kit, cursor, 1);
      names.push(...entries.map(({ name }) => name));
      cursor = nextCursor;
      if (cursor === undefined) break;
    }
    const folder = (depth: number): string => `${'%'.repeat(200)}/`.repeat(depth + 1);
    const expected = [11, 17].flatMap((depth) => [0, 1, 2].map((at) => `${folder(depth)}f${at}`));
    expect(names.toSorted()).toEqual([...expected, 'z.txt'].toSorted());
    expect(cursors.length).toBeGreaterThan(5);
    for (const cursor of cursors) expect(cursor.length).toBeLessThan(8_192);
    await promisify(execFile)('rm', ['-rf', join(base, 'ws')]);
  });

  it('refuses a cursor that is none', async () => {
    for (let at = 0; at < 5; at++) await file(`ws/f${at}`);
    const kit = await server();
    const { nextCursor } = await list(kit, undefined, 2);
    for (const cursor of ['', 'x', `${nextCursor}A`, Buffer.from('["a",{}]').toString('base64url')])
      await expect(list(kit, cursor, 2)).rejects.toMatchObject({ code: -32_602, message: 'Invalid cursor' });
    await expect(list(kit, nextCursor, 2, BOB)).rejects.toMatchObject({ message: 'Invalid cursor' });
    expect((await list(kit, nextCursor, 2)).entries).toHaveLength(2);
  });

  it('completes names inside, and nothing for what would be refused', async () => {
    for (const path of [
      'ws/src/one.ts',
      'ws/src/only/two.ts',
      'ws/src/other',
      'ws/.git/config',
      'ws/skip.log',
      'two/three',
    ])
      await file(path);
    await file('ws/.gitignore', '*.log\n');
    await symlink(base, join(base, 'ws/leave'));
    const kit = await server();
    expect(await complete(kit, 'workspace', 't')).toEqual(['two']);
    expect(await complete(kit, 'path', 'src/o', { workspace: 'ws' })).toEqual(['src/one.ts', 'src/only/', 'src/other']);
    expect(await complete(kit, 'path', 's', { workspace: 'ws' })).toEqual(['src/']);
    expect(await complete(kit, 'path', '', { workspace: 'two' })).toEqual(['three']);
    for (const typed of ['../', '/', '/etc/', 'leave/', 'missing/', 'src/../', 'src/one.ts/', '%2e%2e/', '\0/'])
      expect(await complete(kit, 'path', typed, { workspace: 'ws' })).toEqual([]);
    expect(await complete(kit, 'path', '', { workspace: '../two' })).toEqual([]);
  });

  it('completes no more than it may', async () => {
    for (let at = 0; at < 30; at++) await file(`ws/f${at}`);
    expect(await complete(await server({ completionValues: 7 }), 'path', 'f', { workspace: 'ws' })).toHaveLength(7);
  });
});
