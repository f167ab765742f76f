import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { link, mkdir, mkdtemp, open, realpath, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestKit } from '@app/testing';
import { Workspaces } from '../workspace/workspaces.js';
import { EditFile } from './edit-file.js';
import { FileTools } from './file.toolset.js';
import type { ReadFilesOutput, ReadItemResult } from './read-files.schema.js';
import { ReadFiles } from './read-files.js';
import { WriteFile } from './write-file.js';

const CANARY = 'CANARY_FS_91c2';
const MiB = 1_048_576;
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
let base: string;
let root: string;
let kit: TestKit;

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'read-')));
  root = join(base, 'ws');
  await mkdir(join(root, 'src'), { recursive: true });
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside/secret.txt'), CANARY);
  await writeFile(join(root, 'a.txt'), 'one\ntwo\nthree\n');
  await symlink(join(base, 'outside/secret.txt'), join(root, 'link'));
  await symlink(join(base, 'outside'), join(root, 'out'));
  kit = await TestKit.start({
    limits: { sameFailures: 1_000_000 },
    workspace: root,
    toolsetClasses: [FileTools],
    providers: [Workspaces, ReadFiles, EditFile, WriteFile],
  });
});
afterAll(async () => {
  await kit.stop();
  await rm(base, { recursive: true, force: true });
});

const put = (name: string, content: string | Uint8Array): Promise<void> => writeFile(join(root, name), content);
const readAll = async (items: object[], options: object = {}): Promise<ReadItemResult[]> =>
  (await kit.succeed<ReadFilesOutput>('read_files', { items, ...options })).items;
const read = async (path: string, range: object = {}, options: object = {}): Promise<ReadItemResult> =>
  (await readAll([{ path, ...range }], options))[0]!;
const codeOf = async (path: unknown, range: object = {}): Promise<string> =>
  (await kit.fail('read_files', { items: [{ path, ...range }] })).code;
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

describe('read_files', () => {
  it('reads a whole file and says what it is', async () => {
    expect(await read('a.txt')).toEqual({
      path: 'a.txt',
      content: 'one\ntwo\nthree\n',
      start_line: 1,
      end_line: 3,
      total_lines: 3,
      sha256: sha256('one\ntwo\nthree\n'),
      bytes: 14,
      encoding: 'utf-8',
      eol: 'lf',
      mime: 'text/plain',
      truncated: false,
    });
    expect((await read('./a.txt')).content).toBe('one\ntwo\nthree\n');
  });

  it('reads ranges, tails and what lies beyond the end', async () => {
    expect(await read('a.txt', { start_line: 2 })).toMatchObject({
      content: 'two\nthree\n',
      start_line: 2,
      end_line: 3,
    });
    expect(await read('a.txt', { start_line: 2, end_line: 2 })).toMatchObject({
      content: 'two\n',
      end_line: 2,
      truncated: false,
    });
    expect(await read('a.txt', { end_line: 900 })).toMatchObject({
      content: 'one\ntwo\nthree\n',
      end_line: 3,
      truncated: false,
    });
    expect(await read('a.txt', { tail: 1 })).toMatchObject({ content: 'three\n', start_line: 3, end_line: 3 });
    expect(await read('a.txt', { tail: 50 })).toMatchObject({ content: 'one\ntwo\nthree\n', start_line: 1 });
    const beyond = await read('a.txt', { start_line: 100 });
    expect(beyond).toMatchObject({ content: '', total_lines: 3, truncated: false });
    expect(beyond.start_line).toBeUndefined();
    await put('empty', '');
    expect(await read('empty')).toMatchObject({ content: '', total_lines: 0, bytes: 0, eol: 'none' });
    await put('open-end', 'a\nb');
    expect(await read('open-end', { tail: 1 })).toMatchObject({ content: 'b', start_line: 2, total_lines: 2 });
  });

  it('refuses ranges that cannot be', async () => {
    for (const range of [
      { start_line: 0 },
      { start_line: -1 },
      { start_line: 1.5 },
      { end_line: 2 ** 53 },
      { tail: 0 },
      { tail: 2 ** 53 },
      { tail: 1, start_line: 1 },
      { start_line: 3, end_line: 2 },
    ])
      expect([range, await codeOf('a.txt', range)]).toEqual([range, 'INVALID_ARGUMENT']);
  });

  it('names encoding and line endings, and keeps the bytes that make them', async () => {
    await put('crlf', 'a\r\nb\r\n');
    await put('mixed', 'a\r\nb\n');
    await put('bom', '\ufeffa\n');
    await put('le', Buffer.from('\ufeffhé\r\n😀', 'utf16le'));
    await put('be', Buffer.from('\ufeffhé\n', 'utf16le').swap16());
    expect(await read('crlf')).toMatchObject({ eol: 'crlf', content: 'a\r\nb\r\n' });
    expect(await read('mixed')).toMatchObject({ eol: 'mixed', content: 'a\r\nb\n' });
    expect(await read('bom')).toMatchObject({
      encoding: 'utf-8-bom',
      content: 'a\n',
      bytes: 5,
      sha256: sha256('\ufeffa\n'),
    });
    expect(await read('le')).toMatchObject({ encoding: 'utf-16le', content: 'hé\r\n😀', total_lines: 2, eol: 'crlf' });
    expect(await read('be')).toMatchObject({ encoding: 'utf-16be', content: 'hé\n' });
  });

  it('says when text is in no encoding it knows, and gives the bytes when asked', async () => {
    await put('latin1', Buffer.from('caf\u00e9\n', 'latin1'));
    await put('broken', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x41]));
    await put('nul', 'a\0b');
    for (const path of ['latin1', 'broken', 'nul']) {
      const error = await kit.fail('read_files', { items: [{ path }] });
      expect([path, error.code]).toEqual([path, 'UNSUPPORTED_ENCODING']);
      expect(error.hint).toContain('base64');
    }
    const outcome = await kit.call('read_files', { items: [{ path: 'latin1' }], as: 'base64' });
    if (outcome.kind !== 'success') throw new Error('failed');
    const { content, structured } = outcome.value;
    const blob = Buffer.from('caf\u00e9\n', 'latin1').toString('base64');
    const [item] = (structured as ReadFilesOutput).items;
    expect(item).toMatchObject({ content_block: 1, encoding: 'base64', bytes: 5 });
    expect(content[item!.content_block!]).toEqual({
      type: 'resource',
      resource: { uri: 'workspace://ws/latin1', mimeType: item!.mime, blob },
    });
    expect(JSON.stringify(outcome.value).split(blob)).toHaveLength(2);
    expect((await read('nul', {}, { as: 'text' })).content).toBe('a\0b');
  });

  it('flags characters a reader does not see', async () => {
    await put('hidden', 'a\u202eb\n');
    await put('tags', 'x\u{e0041}\n');
    await put('zero', 'a\u200bb\n');
    await put('plain', 'tab\tand Ünïcode 日本 😀\r\n');
    for (const path of ['hidden', 'tags', 'zero']) expect((await read(path)).hidden_unicode).toBe(true);
    expect((await read('plain')).hidden_unicode).toBeUndefined();
  });

  it('answers per item where one of several fails', async () => {
    const items = await readAll([
      { path: 'a.txt', end_line: 1 },
      { path: 'nope' },
      { path: '../outside/secret.txt' },
      { path: 'link' },
    ]);
    expect(items.map(({ error, content }) => error?.code ?? content)).toEqual([
      'one\n',
      'NOT_FOUND',
      'PATH_OUTSIDE_WORKSPACE',
      'SYMLINK_ESCAPE',
    ]);
    expect(JSON.stringify(items)).not.toContain(base);
  });

  it('returns images and sound as blocks of their own, judged by content', async () => {
    await put('image.txt', PNG);
    await put('sound', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.alloc(20)]));
    await put('page.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
    const outcome = await kit.call('read_files', {
      items: [{ path: 'image.txt' }, { path: 'sound' }, { path: 'page.svg' }],
    });
    if (outcome.kind !== 'success') throw new Error('failed');
    const { content, structured } = outcome.value;
    expect(content.map(({ type }) => type)).toEqual(['text', 'image', 'audio']);
    expect(content[1]).toEqual({ type: 'image', mimeType: 'image/png', data: PNG.toString('base64') });
    const [image, sound, svg] = (structured as ReadFilesOutput).items;
    expect(image).toEqual({
      path: 'image.txt',
      sha256: sha256(PNG),
      bytes: PNG.length,
      encoding: 'media',
      mime: 'image/png',
      truncated: false,
      content_block: 1,
    });
    expect(sound).toMatchObject({ mime: 'audio/wav', content_block: 2 });
    expect(svg).toMatchObject({ mime: 'text/plain', encoding: 'utf-8' });
  });

  it('bounds what is not text to 5 MB a call', async () => {
    await put('big.png', Buffer.concat([PNG, Buffer.alloc(3 * MiB)]));
    await put('big.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(6 * MiB)]));
    const [first, second] = await readAll([{ path: 'big.png' }, { path: 'big.png' }]);
    expect(first!.bytes).toBe(3 * MiB + PNG.length);
    expect(second!.error?.code).toBe('LIMIT');
    expect(await codeOf('big.pdf')).toBe('LIMIT');
    expect((await kit.fail('read_files', { items: [{ path: 'big.pdf' }], as: 'base64' })).code).toBe('LIMIT');
  });

  it('cuts text at its bound, over all items, and says where to go on', async () => {
    await put('long', Array.from({ length: 1_000 }, (_, index) => `line ${index + 1}\n`).join(''));
    const [first, second] = await readAll([{ path: 'long' }, { path: 'a.txt' }], { max_bytes: 100 });
    expect(first).toMatchObject({ truncated: true, total_lines: 1_000, start_line: 1 });
    expect(first!.content!.endsWith('\n')).toBe(true);
    expect(first!.next_start_line).toBe(first!.end_line! + 1);
    expect(Buffer.byteLength(first!.content! + second!.content!)).toBeLessThanOrEqual(100);
    expect(second).toMatchObject({ truncated: true, sha256: sha256('one\ntwo\nthree\n') });
    await put('wide', `${'ü'.repeat(300_000)}\nnext\n`);
    const wide = await read('wide');
    expect(wide).toMatchObject({ truncated: true, end_line: 1, next_start_line: 2 });
    expect(wide.content).toBe('ü'.repeat(131_072));
    expect(await read('wide', { start_line: 2 })).toMatchObject({ content: 'next\n', truncated: false });
  });

  it('refuses too much to ask for', async () => {
    const items = (count: number) => Array.from({ length: count }, () => ({ path: 'a.txt' }));
    expect(await readAll(items(20))).toHaveLength(20);
    for (const input of [
      { items: items(21) },
      { items: [] },
      { items: items(1), max_bytes: 262_145 },
      { items: items(1), follow: true },
      { items: [{ path: 'x'.repeat(256) }] },
      { items: [{ path: 'x/'.repeat(2_500) }] },
      { items: [{ path: { href: 'file:///outside/secret.txt' } }] },
      { items: [{ path: 'file:///outside/secret.txt' }] },
      { items: [{ path: '\ud800x' }] },
    ])
      expect((await kit.fail('read_files', input)).code).toBe('INVALID_ARGUMENT');
  });

  it("has one answer for every workspace that is not the caller's", async () => {
    expect(await read('a.txt', {}, { workspace: 'ws' })).toMatchObject({ total_lines: 3 });
    const answers = new Set<string>();
    for (const workspace of ['../other', '__proto__', 'constructor', '', 'other', 'x'.repeat(10_000), 'WS'])
      answers.add(JSON.stringify(await kit.fail('read_files', { workspace, items: [{ path: 'a.txt' }] })));
    expect(answers.size).toBe(1);
    expect([...answers][0]).toContain('NOT_FOUND');
  });
});

describe('read_files and what it must not show', () => {
  it('gives the same answer whether or not a file outside exists', async () => {
    const pairs = [
      ['../outside/secret.txt', '../outside/missing.txt'],
      ['/etc/passwd', '/etc/passwd-missing'],
      ['out/secret.txt', 'out/missing.txt'],
      ['out/secret.txt', 'out/missing/deep.txt'],
      ['link', 'link/below'],
      [`${root}-evil/secret.txt`, `${root}-evil2/secret.txt`],
    ] as const;
    for (const [existing, missing] of pairs) {
      const [one, other] = [existing, missing].map((path) => kit.fail('read_files', { items: [{ path }] }));
      expect(await one).toEqual(await other);
      expect(JSON.stringify(await one)).not.toContain(base);
      expect(['PATH_OUTSIDE_WORKSPACE', 'SYMLINK_ESCAPE']).toContain((await one)!.code);
    }
  });

  it('follows no link out, and every link that stays in', async () => {
    const outward = [
      '/proc/self/environ',
      '/proc/1/environ',
      '/proc/self/mem',
      '/proc/self/fd/3',
      '/dev/fd/0',
      '/dev/stdin',
      '/proc/self/root',
    ];
    for (const [index, target] of outward.entries()) {
      await symlink(target, join(root, `e${index}`));
      expect([target, await codeOf(`e${index}`)]).toEqual([target, 'SYMLINK_ESCAPE']);
    }
    await symlink('a.txt', join(root, 'inner'));
    expect((await read('inner')).content).toBe('one\ntwo\nthree\n');
  });

  it('reads a file with a second name: the decision on hard links', async () => {
    await link(join(root, 'a.txt'), join(root, 'second-name'));
    expect((await read('second-name')).content).toBe('one\ntwo\nthree\n');
  });

  it('answers four and more FIFOs at once and goes on serving', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const start = performance.now();
    const codes = await Promise.all(Array.from({ length: 12 }, () => codeOf('fifo')));
    expect(new Set(codes)).toEqual(new Set(['NOT_REGULAR_FILE']));
    expect((await read('a.txt')).total_lines).toBe(3);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(await codeOf('src')).toBe('NOT_REGULAR_FILE');
  });

  it('never shows a secret while its file is swapped for a link', async () => {
    const path = join(root, 'flip');
    const flips = { done: 0 };
    const flipper = (async () => {
      for (; flips.done < 500; flips.done++) {
        await writeFile(`${path}.new`, 'inside');
        await rename(`${path}.new`, path);
        await symlink(join(base, 'outside/secret.txt'), `${path}.link`);
        await rename(`${path}.link`, path);
      }
    })();
    const seen = new Set<string>();
    while (flips.done < 500) {
      const outcome = await kit.call('read_files', { items: [{ path: 'flip' }] });
      seen.add(
        outcome.kind === 'success'
          ? String((outcome.value.structured as ReadFilesOutput).items[0]!.content)
          : 'refused',
      );
    }
    await flipper;
    expect([...seen].filter((answer) => answer !== 'inside' && answer !== 'refused')).toEqual([]);
  });
});

describe('read_files and files of any size', () => {
  const rssGrowth = async (work: () => Promise<void>): Promise<number> => {
    const before = process.memoryUsage().rss;
    await work();
    return process.memoryUsage().rss - before;
  };

  it('bounds what it takes from a sparse file of 10 GB', async () => {
    await put('sparse', 'head\n');
    await truncate(join(root, 'sparse'), 10_000 * MiB);
    const start = performance.now();
    expect(await codeOf('sparse')).toBe('LIMIT');
    expect(await codeOf('sparse', { tail: 3 })).toBe('LIMIT');
    const head = await read('sparse', { end_line: 1 }, { as: 'text' });
    expect(head).toMatchObject({ content: 'head\n', partial: true, bytes: 10_000 * MiB });
    expect(head.sha256).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('keeps memory flat for the tail of one line of 100 MB, and for a range far into it', async () => {
    const file = createWriteStream(join(root, 'line'));
    const block = Buffer.alloc(MiB, 'x');
    for (let written = 0; written < 100; written++) if (!file.write(block)) await once(file, 'drain');
    file.end('end\nlast\n');
    await once(file, 'finish');
    const growth = await rssGrowth(async () => {
      const tail = await read('line', { tail: 1 });
      expect(tail).toMatchObject({ content: 'last\n', partial: true, truncated: false });
      expect(tail.start_line).toBeUndefined();
      const cut = await read('line', { tail: 2 });
      expect(cut).toMatchObject({ truncated: true, content: 'last\n' });
      expect(await read('line')).toMatchObject({ truncated: true, content: 'x'.repeat(262_144), partial: true });
      expect(await codeOf('line', { start_line: 2 })).toBe('LIMIT');
    });
    expect(growth).toBeLessThan(64 * MiB);
  }, 60_000);

  it('counts and hashes 60 MiB, and notices when nobody waits any more', async () => {
    const content = Buffer.alloc(60 * MiB, 'a line of text\n');
    await put('large', content);
    expect(await read('large', { start_line: 4_000_000 })).toMatchObject({
      content: 'a line of text\n'.repeat(17_476),
      total_lines: Math.ceil(content.length / 15),
      sha256: sha256(content),
      truncated: true,
    });
    const abort = new AbortController();
    const waiting = kit.call(
      'read_files',
      { items: Array.from({ length: 20 }, () => ({ path: 'large' })) },
      { signal: abort.signal },
    );
    const start = performance.now();
    abort.abort();
    expect((await waiting).kind).not.toBe('success');
    expect(performance.now() - start).toBeLessThan(1_000);
  }, 60_000);

  it('ends although the file grows all the time', async () => {
    const path = join(root, 'growing');
    await writeFile(path, 'start\n');
    const handle = await open(path, 'a');
    const grown = new AbortController();
    const grower = (async () => {
      while (!grown.signal.aborted) await handle.write(Buffer.alloc(MiB, 'y\n'));
    })();
    try {
      expect(await read('growing')).toMatchObject({ start_line: 1 });
      expect((await read('growing', { tail: 2 })).content).toMatch(/^(y\n|start\n){1,2}$/);
    } finally {
      grown.abort();
      await grower;
      await handle.close();
      await rm(path);
    }
  }, 60_000);
});
