import { execFile } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Limits } from '@app/config';
import { BOB, injected, TestKit } from '@app/testing';
import { Workspaces } from '../workspace/index.js';
import { RipgrepBinary } from './ripgrep-binary.js';
import { SearchEngines } from './search-engines.js';
import { SearchTools } from './search.toolset.js';
import type { SearchEngine } from './search-engine.js';
import type { SearchTextOutput } from './search-text.schema.js';

/** Runs of ripgrep that this process started and that are still there. */
async function searchers(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    const stat = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '') : '';
    if (stat.includes('(rg) ') && stat.split(') ')[1]!.split(' ')[1] === String(process.pid)) found.push(pid);
  }
  return found;
}
/** Makes the linear engine slow: too many states for its cache, on a text that visits them. */
const SLOW_QUERY = '[ab]*a[ab]{400}c';
const slowText = (bytes: number): string =>
  Array.from({ length: bytes / 64 }, (_, at) =>
    ((at * 2_654_435_761) % 4_294_967_296)
      .toString(2)
      .padStart(32, '0')
      .replaceAll('0', 'a')
      .replaceAll('1', 'b')
      .repeat(2),
  ).join('');

describe.each(['ripgrep', 'fallback'] as const)('search_text with %s', (engine) => {
  let base: string;
  let root: string;
  const kits: TestKit[] = [];

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'search-')));
    root = join(base, 'ws');
    await mkdir(root);
  });
  afterEach(async () => {
    await Promise.all(kits.splice(0).map((kit) => kit.stop()));
    await rm(base, { recursive: true, force: true });
    expect(await searchers()).toEqual([]);
  });

  async function server(limits: Partial<Limits> = {}): Promise<TestKit> {
    const binary =
      engine === 'ripgrep' ? RipgrepBinary : { provide: RipgrepBinary, useValue: { path: async () => undefined } };
    const kit = await TestKit.start({
      workspace: root,
      limits,
      toolsetClasses: [SearchTools],
      providers: [Workspaces, SearchEngines, binary],
    });
    kits.push(kit);
    return kit;
  }
  const search = async (kit: TestKit, query: string, more: object = {}): Promise<SearchTextOutput> =>
    kit.succeed<SearchTextOutput>('search_text', { query, ...more });
  const places = ({ matches }: SearchTextOutput): string[] => matches.map(({ path, line }) => `${path}:${line}`);
  async function file(path: string, content: string | Buffer): Promise<void> {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), content);
  }

  it('finds lines with their places, in a stable order', async () => {
    await file('b.txt', 'no\nfoo bar foo\r\nend foo');
    await file('a/z.txt', 'é\u{1f600} foo\n');
    const found = await search(await server(), 'foo');
    expect(found).toEqual({
      matches: [
        { path: 'a/z.txt', line: 1, column: 5, text: 'é\u{1f600} foo', submatches: [{ start: 4, end: 7 }] },
        {
          path: 'b.txt',
          line: 2,
          column: 1,
          text: 'foo bar foo',
          submatches: [
            { start: 0, end: 3 },
            { start: 8, end: 11 },
          ],
        },
        { path: 'b.txt', line: 3, column: 5, text: 'end foo', submatches: [{ start: 4, end: 7 }] },
      ],
      files: 2,
      total_matches: 3,
      degraded_to: 'none',
      truncated: false,
      skipped: { binary: 0, large: 0, unreadable: 0 },
      engine,
    });
    for (const { text, submatches } of found.matches)
      for (const { start, end } of submatches) expect(text.slice(start, end)).toBe('foo');
  });

  it('says that there is nothing', async () => {
    await file('a.txt', 'x\n');
    expect(await search(await server(), 'foo')).toMatchObject({
      matches: [],
      files: 0,
      total_matches: 0,
      truncated: false,
    });
    expect(await search(await server(), 'foo', { include: ['*.none'] })).toMatchObject({
      matches: [],
      total_matches: 0,
      truncated: false,
    });
  });

  it('takes text literally unless told otherwise, and case as asked', async () => {
    await file('a.txt', 'a.c\nabc\nABC\n-x --pre=id\n');
    const kit = await server();
    expect(places(await search(kit, 'a.c'))).toEqual(['a.txt:1']);
    expect(places(await search(kit, 'a.c', { literal: false }))).toEqual(['a.txt:1', 'a.txt:2', 'a.txt:3']);
    expect(places(await search(kit, 'ABC'))).toEqual(['a.txt:3']);
    expect(places(await search(kit, 'ABC', { case: 'insensitive' }))).toEqual(['a.txt:2', 'a.txt:3']);
    expect(places(await search(kit, 'abc', { case: 'sensitive' }))).toEqual(['a.txt:2']);
    expect(places(await search(kit, '--pre=id'))).toEqual(['a.txt:4']);
    expect(places(await search(kit, '^\\S+$', { literal: false }))).toEqual(['a.txt:1', 'a.txt:2', 'a.txt:3']);
  });

  it('searches across lines only where asked', async () => {
    await file('a.txt', 'one\ntwo\nthree\n');
    const kit = await server();
    expect((await search(kit, 'one\ntwo', { multiline: true })).matches).toEqual([
      { path: 'a.txt', line: 1, column: 1, text: 'one\ntwo', submatches: [{ start: 0, end: 7 }] },
    ]);
    expect(await kit.fail('search_text', { query: 'one\ntwo' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await kit.fail('search_text', { query: 'a\0b' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('gives the lines around a match, each only where it belongs', async () => {
    await file('a.txt', '1\n2\nhit\n4\nhit\n6\n7\n8\n');
    await file('b.txt', 'b1\nhit\n');
    const { matches } = await search(await server(), 'hit', { context: 2 });
    expect(matches.map(({ path, line, before, after }) => ({ path, line, before, after }))).toEqual([
      { path: 'a.txt', line: 3, before: ['1', '2'], after: ['4'] },
      { path: 'a.txt', line: 5, before: ['4'], after: ['6', '7'] },
      { path: 'b.txt', line: 2, before: ['b1'], after: undefined },
    ]);
  });

  it('honours .gitignore from the root down, also below a path, and never enters .git', async () => {
    for (const path of [
      '.git/config',
      'kept.txt',
      '.hidden',
      'out/x.txt',
      'sub/out/y.txt',
      'sub/a.log',
      'sub/deep/only.txt',
      'sub/deep/kept.txt',
    ])
      await file(path, 'needle\n');
    await file('.gitignore', '*.log\n/out/\n/sub/deep/only.txt\n');
    await writeFile(join(base, '.gitignore'), '*\n');
    const kit = await server();
    const expected = ['.hidden:1', 'kept.txt:1', 'sub/deep/kept.txt:1', 'sub/out/y.txt:1'];
    for (const isRepository of [true, false]) {
      if (!isRepository) await rm(join(root, '.git'), { recursive: true });
      expect(places(await search(kit, 'needle'))).toEqual(expected);
      expect(places(await search(kit, 'needle', { path: 'sub' }))).toEqual(expected.slice(2));
      expect(places(await search(kit, 'needle', { path: 'sub/deep' }))).toEqual(['sub/deep/kept.txt:1']);
    }
    expect(places(await search(kit, 'needle', { include_ignored: true }))).toHaveLength(7);
    expect(places(await search(kit, 'needle', { path: 'out' }))).toEqual(['out/x.txt:1']);
    expect(places(await search(kit, 'needle', { path: 'sub/a.log' }))).toEqual(['sub/a.log:1']);
  });

  it.each(['a FIFO', 'a link out of the workspace', 'a folder'])(
    'is neither held up nor led out by a .gitignore that is %s',
    async (what) => {
      await writeFile(join(base, 'secret.txt'), 'canary.txt\nsub\n');
      for (const path of ['canary.txt', 'other.txt', 'sub/a.txt', 'sub/canary.txt']) await file(path, 'needle\n');
      for (const folder of ['', 'sub']) {
        const place = join(root, folder, '.gitignore');
        if (what === 'a FIFO') await promisify(execFile)('mkfifo', [place]);
        else if (what === 'a folder') await mkdir(place);
        else await symlink(join(base, 'secret.txt'), place);
      }
      const kit = await server({ searchMs: 5_000 });
      for (const isRepository of [false, true]) {
        if (isRepository) await mkdir(join(root, '.git'));
        const found = await search(kit, 'needle');
        expect(places(found)).toEqual(['canary.txt:1', 'other.txt:1', 'sub/a.txt:1', 'sub/canary.txt:1']);
        expect(found.truncated).toBe(false);
        expect(places(await search(kit, 'needle', { path: 'sub' }))).toEqual(['sub/a.txt:1', 'sub/canary.txt:1']);
      }
    },
  );

  it('honours each .gitignore in its folder, up to a repository inside', async () => {
    await file('.gitignore', '*.log\nbuilt \\ \n[odd]{x}*!\n!sub/keep.log\n');
    await file('sub/.gitignore', '!again.log\n/local\n');
    await mkdir(join(root, 'inner/.git'), { recursive: true });
    for (const path of [
      'a.log',
      'built  /x',
      'o{x}y!/x',
      'inner/a.log',
      'sub/again.log',
      'sub/deep/again.log',
      'sub/keep.log',
      'sub/local/x',
      'sub/deep/local',
      'sub/x.log',
    ])
      await file(path, 'needle\n');
    const found = await search(await server(), 'needle');
    expect(places(found)).toEqual([
      'inner/a.log:1',
      'sub/again.log:1',
      'sub/deep/again.log:1',
      'sub/deep/local:1',
      'sub/keep.log:1',
    ]);
  });

  it('does not open what lies in ignored folders', async () => {
    await file('.gitignore', 'node_modules/\n/o\\*t \\[1]!\n');
    await file('a.txt', 'needle\n');
    for (const folder of ['node_modules', 'sub/node_modules', 'o*t [1]!', 'sub/{a,b}/node_modules/x'])
      await file(`${folder}/big.bin`, 'needle\0needle\n');
    const kit = await server();
    // What is opened and passed by is counted.
    expect(await search(kit, 'needle')).toMatchObject({ matches: [{ path: 'a.txt' }], skipped: { binary: 0 } });
    expect(await search(kit, 'needle', { include_ignored: true })).toMatchObject({ skipped: { binary: 4 } });
    expect(await search(kit, 'needle', { include: ['*.bin'] })).toMatchObject({ matches: [], skipped: { binary: 0 } });
  });

  it('refuses more searches at a time than run and wait, and takes others afterwards', async () => {
    await file('a.txt', 'needle\n');
    const kit = await server({ searchesRunning: 1, searchesWaiting: 2 });
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => kit.call('search_text', { query: 'needle' })));
    const codes = outcomes.map((outcome) => (outcome.kind === 'failure' ? outcome.error.code : outcome.kind));
    expect(codes.toSorted()).toEqual([...Array(3).fill('OVERLOADED'), ...Array(3).fill('success')]);
    expect(places(await search(kit, 'needle'))).toEqual(['a.txt:1']);
  });

  it('narrows by globs relative to the path', async () => {
    for (const path of ['a.ts', 'a.js', 'src/b.ts', 'src/gen/c.ts', 'src/gen/d.js']) await file(path, 'needle\n');
    const kit = await server();
    expect(places(await search(kit, 'needle', { include: ['*.ts'] }))).toEqual([
      'a.ts:1',
      'src/b.ts:1',
      'src/gen/c.ts:1',
    ]);
    expect(places(await search(kit, 'needle', { include: ['*.{ts,js}'], exclude: ['gen', 'a.*'] }))).toEqual([
      'src/b.ts:1',
    ]);
    expect(places(await search(kit, 'needle', { path: 'src', include: ['gen/*'] }))).toEqual([
      'src/gen/c.ts:1',
      'src/gen/d.js:1',
    ]);
    for (const include of ['!x', '{a,b}'.repeat(22), '+(a|aa)b', '[z-a]'])
      expect(await kit.fail('search_text', { query: 'x', include: [include] })).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });

  it('follows no link and leaves the workspace by none', async () => {
    await writeFile(join(base, 'secret.txt'), 'needle CANARY\n');
    await file('in.txt', 'needle\n');
    await symlink(base, join(root, 'out-dir'));
    await symlink('/', join(root, 'slash'));
    await symlink(join(base, 'secret.txt'), join(root, 'out-file'));
    await symlink('in.txt', join(root, 'in-link'));
    const kit = await server();
    expect(places(await search(kit, 'needle'))).toEqual(['in.txt:1']);
    expect(places(await search(kit, 'needle', { path: 'in-link' }))).toEqual(['in.txt:1']);
    for (const path of ['out-dir', 'out-file', 'slash/etc'])
      expect(await kit.fail('search_text', { query: 'needle', path })).toMatchObject({ code: 'SYMLINK_ESCAPE' });
    for (const path of ['..', '../ws-evil', '/etc'])
      expect(await kit.fail('search_text', { query: 'needle', path })).toMatchObject({
        code: 'PATH_OUTSIDE_WORKSPACE',
      });
    expect(await kit.fail('search_text', { query: 'needle', path: 'missing' })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['dir', 'dir/a.txt', 'dir/deep', '.'])(
    'shows nothing from outside where a folder is swapped for a link after %s was opened',
    async (path) => {
      await mkdir(join(base, 'outside/deep'), { recursive: true });
      for (const name of ['a.txt', 'deep/a.txt']) await writeFile(join(base, 'outside', name), 'needle CANARY\n');
      for (const name of ['dir/a.txt', 'dir/deep/a.txt']) await file(name, 'needle inside\n');
      const kit = await server();
      const engines = kit.get(SearchEngines);
      const real = await engines.pick();
      let swaps = 0;
      const swapping: SearchEngine = {
        name: real.name,
        search: async (...given) => {
          await rename(join(root, 'dir'), join(root, 'away'));
          await symlink(join(base, 'outside'), join(root, 'dir'));
          swaps++;
          return real.search(...given);
        },
      };
      engines.pick = async () => swapping;
      const { matches } = await search(kit, 'needle', { path });
      expect(swaps).toBe(1);
      expect(matches.length).toBeGreaterThan(0);
      expect(matches.filter(({ text }) => text !== 'needle inside')).toEqual([]);
    },
  );

  it('passes by binary and large files and says how many', async () => {
    await file('text.txt', 'needle\n');
    await file('binary.bin', 'needle\0needle\n');
    await file('also.bin', '\0needle\n');
    await file('sparse', 'needle\n');
    await truncate(join(root, 'sparse'), 10 * 1024 ** 4);
    await promisify(execFile)('mkfifo', [join(root, 'fifo')]);
    const kit = await server();
    const found = await search(kit, 'needle');
    expect(places(found)).toEqual(['text.txt:1']);
    const large = engine === 'ripgrep' ? { binary: 2, large: 1 } : { binary: 3, large: 0 };
    expect(found.skipped).toEqual({ ...large, unreadable: 0 });
    expect(await search(kit, 'needle', { path: 'binary.bin' })).toMatchObject({ matches: [], skipped: { binary: 1 } });
    expect(await kit.fail('search_text', { query: 'needle', path: 'fifo' })).toMatchObject({
      code: 'NOT_REGULAR_FILE',
    });
  });

  it('flags names that are no text', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]), 'needle\n');
    await file('new\nline', 'needle\n');
    const found = await search(await server(), 'needle');
    if (engine === 'ripgrep')
      expect(found.matches.map(({ path, unreadable_name }) => [path, unreadable_name])).toEqual([
        ['bad\\xff', true],
        ['new\nline', undefined],
      ]);
    else expect([places(found), found.skipped.unreadable]).toEqual([['new\nline:1'], 1]);
  });

  it('cuts long lines around the match, between characters', async () => {
    await file(
      'long.txt',
      `${'é\u{1f600}'.repeat(1_000)}needle${'\u{1f600}'.repeat(1_000)}needle\n${'y'.repeat(100)} needle ${'z'.repeat(1_000)}\n`,
    );
    const { matches } = await search(await server(), 'needle');
    expect(matches.map(({ line, column, cut }) => ({ line, column, cut }))).toEqual([
      { line: 1, column: 3_001, cut: true },
      { line: 2, column: 102, cut: true },
    ]);
    for (const { text, submatches } of matches) {
      expect(text.length).toBeLessThanOrEqual(400);
      expect(text.isWellFormed()).toBe(true);
      expect(submatches).toHaveLength(1);
      expect(text.slice(submatches[0]!.start, submatches[0]!.end)).toBe('needle');
    }
  });

  it('drops a match that does not fit into the cut', async () => {
    await file('a.txt', 'x'.repeat(5_000));
    expect((await search(await server(), 'x+', { literal: false })).matches).toEqual([
      { path: 'a.txt', line: 1, column: 1, text: 'x'.repeat(400), submatches: [], cut: true },
    ]);
  });

  it('sums up ten thousand matches: first lines, then numbers, then pages of all', async () => {
    for (let at = 0; at < 100; at++)
      await file(`few/${String(at).padStart(3, '0')}.txt`, 'needle number\n'.repeat(100));
    const kit = await server();
    const firsts = await search(kit, 'needle');
    expect(firsts).toMatchObject({
      degraded_to: 'first_lines',
      files: 100,
      total_matches: 10_000,
      truncated: true,
      truncated_by: 'matches',
    });
    expect(places(firsts)).toEqual(Array.from({ length: 100 }, (_, at) => `few/${String(at).padStart(3, '0')}.txt:1`));
    const page = await search(kit, 'needle', { cursor: firsts.next_cursor });
    expect(page).toMatchObject({ degraded_to: 'none', truncated: true, truncated_by: 'matches' });
    expect(places(page).slice(0, 2)).toEqual(['few/000.txt:1', 'few/000.txt:2']);
    const second = await search(kit, 'needle', { cursor: page.next_cursor });
    expect(places(second)[0]).toBe('few/005.txt:1');
    const counted = await search(await server({ searchMatches: 20 }), 'needle', {
      path: 'few',
      include: ['00?.txt', '01?.txt', '020.txt'],
    });
    expect(counted).toMatchObject({ degraded_to: 'counts', matches: [], total_matches: 2_100, files: 21 });
    expect(counted.counts).toHaveLength(20);
    expect(counted.counts![0]).toEqual({ path: 'few/000.txt', count: 100 });
  });

  it('pages in the size asked for, each match exactly once', async () => {
    for (const name of ['a', 'b', 'c']) await file(name, 'needle\n'.repeat(7));
    const kit = await server();
    const pages = [await search(kit, 'needle', { max_results: 5 })];
    while (pages.at(-1)!.next_cursor !== undefined && pages.length < 20)
      pages.push(await search(kit, 'needle', { max_results: 5, cursor: pages.at(-1)!.next_cursor }));
    expect(pages.map(({ matches }) => matches.length)).toEqual([5, 5, 5, 5, 1]);
    expect(pages.flatMap(places)).toEqual(
      ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 7 }, (_, at) => `${name}:${at + 1}`)),
    );
    expect(pages.at(-1)).toMatchObject({ truncated: false, total_matches: 21 });
    expect(pages[0]).toMatchObject({ truncated: true, truncated_by: 'matches', degraded_to: 'none' });
  });

  it(
    injected('resource exhaustion', 'MatchCollector', 'keeps an answer within its bytes, context included'),
    async () => {
      await file('a', `${`${'x'.repeat(300)}\n`.repeat(9)}needle\n`.repeat(100));
      const kit = await server({ searchAnswerBytes: 16_384 });
      const page = await search(kit, 'needle', { max_results: 500, context: 4 });
      expect(page).toMatchObject({ truncated: true, truncated_by: 'bytes' });
      expect(page.matches.length).toBeGreaterThan(3);
      expect(page.matches[0]).toMatchObject({ before: { length: 4 }, after: { length: 4 } });
      expect(JSON.stringify(page).length).toBeLessThan(20_000);
    },
  );

  it('counts no further than it may, and says so', async () => {
    for (const name of ['a', 'b']) await file(name, 'needle\n'.repeat(100));
    const found = await search(await server({ searchScannedMatches: 120, searchMatches: 10 }), 'needle');
    expect(found).toMatchObject({ truncated: true, truncated_by: 'scanned', degraded_to: 'first_lines', files: 2 });
    expect(found.total_matches).toBeUndefined();
    expect(places(found)).toEqual(['a:1', 'b:1']);
  });

  it('refuses a cursor of another query, another caller, or changed by hand', async () => {
    await file('a', 'needle\n'.repeat(9));
    const kit = await server();
    const { next_cursor: cursor } = await search(kit, 'needle', { max_results: 2 });
    const bad: [object, object?][] = [
      [{ query: 'needl', max_results: 2, cursor }],
      [{ query: 'needle', max_results: 3, cursor }],
      [{ query: 'needle', max_results: 2, literal: false, cursor }],
      [{ query: 'needle', max_results: 2, cursor: `${cursor}AA` }],
      [{ query: 'needle', max_results: 2, cursor: Buffer.from('["x",{"skip":-1}]').toString('base64url') }],
      [{ query: 'needle', max_results: 2, cursor }, { principal: BOB }],
    ];
    for (const [input, options] of bad)
      expect(await kit.fail('search_text', input, options)).toMatchObject({ code: 'INVALID_CURSOR' });
    expect(places(await search(kit, 'needle', { max_results: 2, cursor }))).toEqual(['a:3', 'a:4']);
  });

  it.each(['foo(', '(?=x', '[a', '*', '(?P<n>', '(*LIMIT_MATCH=1)x'])(
    'refuses the pattern %s in one line without paths',
    async (query) => {
      await file('a', 'x');
      const { code, message } = await (await server()).fail('search_text', { query, literal: false });
      expect(code).toBe('UNSUPPORTED_REGEX');
      expect(message).not.toContain('\n');
      expect(message).not.toContain(root);
    },
  );

  it.each(['\\s+$', '.*.*=.*'])('ends on %s over long blank lines', async (query) => {
    await file('a', `${' '.repeat(60_000)}x\n`);
    const outcome = await (await server({ searchMs: 3_000 })).call('search_text', { query, literal: false });
    expect(outcome.kind).toBe('success');
  });

  it('ends when its caller is gone, with nothing left running', async () => {
    if (engine === 'ripgrep') for (let at = 0; at < 4; at++) await file(`slow${at}`, slowText(8_388_608));
    else await file('slow', `${'a'.repeat(40)}b`);
    const query = engine === 'ripgrep' ? SLOW_QUERY : '(a+)+$';
    const kit = await server({ searchMs: 60_000 });
    const controller = new AbortController();
    const running = kit.get(SearchTools).searchText(
      {
        query,
        literal: false,
        path: '.',
        include: [],
        exclude: [],
        case: 'smart',
        multiline: false,
        context: 0,
        include_ignored: false,
      },
      { signal: controller.signal, principal: BOB } as never,
    );
    const failure = running.catch((error: unknown) => error);
    if (engine === 'ripgrep') {
      const until = performance.now() + 5_000;
      while ((await searchers()).length === 0 && performance.now() < until) await setImmediate();
      expect(await searchers()).toHaveLength(1);
    }
    controller.abort(new Error('gone'));
    expect(await failure).toMatchObject({ message: 'gone' });
    expect(await searchers()).toEqual([]);
  });

  it('stops at its time, keeps what it has, and says so', async () => {
    await file('a', 'ab c\n');
    for (let at = 0; at < 4; at++)
      await file(`slow${at}`, engine === 'ripgrep' ? slowText(8_388_608) : `${'a'.repeat(60)}b\n`);
    const query = engine === 'ripgrep' ? `${SLOW_QUERY}|ab c` : '(a+)+$|ab c';
    const found = await search(await server({ searchMs: 700 }), query, { literal: false });
    expect(found).toMatchObject({ truncated: true, truncated_by: 'time' });
    expect(found.total_matches).toBeUndefined();
    expect(found.next_cursor).toBeUndefined();
    expect(places(found)).toEqual(['a:1']);
  });
});

describe('search_text', () => {
  it('answers for a file that is one line of 50 MB', async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'search-')));
    const kit = await TestKit.start({
      workspace: root,
      limits: { searchFileBytes: 100_000_000 },
      toolsetClasses: [SearchTools],
      providers: [Workspaces, SearchEngines, RipgrepBinary],
    });
    try {
      await writeFile(join(root, 'one-line'), `start needle ${'"\\ é'.repeat(10_000_000)} needle end`);
      await writeFile(join(root, 'zz'), 'needle\n');
      const heapBefore = process.memoryUsage().heapUsed;
      const found = await kit.succeed<SearchTextOutput>('search_text', { query: 'needle' });
      expect(found.matches).toMatchObject([
        { path: 'one-line', line: 1, column: 7, submatches: [{ start: 6, end: 12 }], cut: true },
        { path: 'zz', line: 1 },
      ]);
      expect(found.matches[0]!.text).toHaveLength(400);
      const far = await kit.succeed<SearchTextOutput>('search_text', { query: 'needle end' });
      expect(far.matches).toMatchObject([{ path: 'one-line', line: 1, column: 50_000_015, submatches: [], cut: true }]);
      expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(200_000_000);
      const skipping = await TestKit.start({
        workspace: root,
        toolsetClasses: [SearchTools],
        providers: [Workspaces, SearchEngines, RipgrepBinary],
      });
      expect(await skipping.succeed('search_text', { query: 'needle' })).toMatchObject({
        total_matches: 1,
        skipped: { large: 1 },
      });
      await skipping.stop();
    } finally {
      await kit.stop();
      await rm(root, { recursive: true, force: true });
    }
  });
});
