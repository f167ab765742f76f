import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Attempt, verdictOf } from './attacker.js';
import { waysToRead, waysToWrite } from './case.js';
import type { Evidence } from './evidence.js';
import { harmIn } from './harm.js';
import { Scene } from './scene.js';
import { World } from './world.js';

const world = new World();
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open(world);
});
afterAll(async () => {
  await scene?.server.stop();
  await world.dispose();
});

const read = (path: string, more: object = {}, as?: string): Attempt => ({
  tool: 'read_files',
  args: { items: [{ path, ...more }], ...(as && { as }) },
});
const verdicts = ({ replies }: Evidence): (string | number)[] => replies.map(verdictOf);
const inWorkspace = (path: string): string => join(world.workspace, path);

/** Resident memory of the server in MiB. */
const memoryMb = (): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${scene.server.child.pid}/status`, 'utf8'))![1]) / 1024;
const MEMORY_MB = 128;

describe('files that are none (D10)', () => {
  it('four FIFOs at once, by every tool, hold up nobody', async () => {
    const paths = ['p1', 'p2', 'p3', 'p4'];
    const attempts = paths.flatMap((path) => [...Object.values(waysToRead(path)), ...Object.values(waysToWrite(path))]);
    const evidence = await scene.together(attempts);
    expect(harmIn(evidence)).toEqual([]);
    expect(new Set(verdicts(evidence))).toEqual(new Set(['NOT_REGULAR_FILE', 'success']));
    expect(verdicts(evidence).filter((verdict) => verdict === 'success')).toHaveLength(paths.length);
  });

  it('a tree with FIFOs in it is listed and searched', async () => {
    const evidence = await scene.together([
      { tool: 'list_files', args: { depth: 10 } },
      { tool: 'search_text', args: { query: 'word', include: ['p*', 'a.txt'] } },
    ]);
    expect([harmIn(evidence), verdicts(evidence)]).toEqual([[], ['success', 'success']]);
  });
});

describe('files without end (D12)', () => {
  it('10 GB that are not there: whole, by range, by tail, as bytes, searched and changed', async () => {
    const before = memoryMb();
    const evidence = await scene.together([
      read('sparse.bin'),
      read('sparse.bin', {}, 'text'),
      read('sparse.bin', { start_line: 1_000_000_000 }, 'text'),
      read('sparse.bin', { tail: 100_000 }, 'text'),
      read('sparse.bin', {}, 'base64'),
      { tool: 'search_text', args: { query: 'word', path: 'sparse.bin' } },
      { tool: 'edit_file', args: { path: 'sparse.bin', edits: [{ old: '\u0000', new: 'x' }] } },
      { tool: 'write_file', args: { path: 'sparse.bin', content: 'x', mode: 'overwrite', if_match: '0'.repeat(64) } },
      { uri: 'workspace://ws/sparse.bin' },
    ]);
    expect(harmIn(evidence)).toEqual([]);
    expect(verdicts(evidence)).toEqual([
      'LIMIT',
      'success',
      'LIMIT',
      'success',
      'LIMIT',
      'success',
      'LIMIT',
      'LIMIT',
      -32603,
    ]);
    for (const { bytes } of evidence.replies) expect(bytes.length).toBeLessThan(4 * 1024 ** 2);
    expect(memoryMb() - before).toBeLessThan(MEMORY_MB);
  });

  it('a file that grows faster than it is read', async () => {
    const before = memoryMb();
    const file = createWriteStream(inWorkspace('growing.log'));
    let isOver = false;
    // Far more than any tool takes; the disk of the machine is not what is tried here.
    const grow = (): void =>
      void (isOver || file.bytesWritten > 400_000_000 || file.write('a line that grows\n'.repeat(10_000), grow));
    grow();
    const evidence = await scene.together([
      read('growing.log'),
      read('growing.log', { tail: 5 }),
      read('growing.log', {}, 'base64'),
      { tool: 'search_text', args: { query: 'grows', path: 'growing.log' } },
      { tool: 'edit_file', args: { path: 'growing.log', edits: [{ old: 'nothing', new: 'x' }] } },
    ]);
    isOver = true;
    await new Promise((done) => file.end(done));
    expect(harmIn(evidence)).toEqual([]);
    expect(
      verdicts(evidence).map((verdict) => ['success', 'LIMIT', 'INVALID_ARGUMENT'].includes(String(verdict))),
    ).toEqual(Array(5).fill(true));
    expect(memoryMb() - before).toBeLessThan(MEMORY_MB);
  });

  it('one line of 60 MB: its tail, its middle, and a search in it', async () => {
    writeFileSync(inWorkspace('line.txt'), Buffer.alloc(60_000_000, 'x'));
    const evidence = await scene.together([
      read('line.txt', { tail: 1 }),
      read('line.txt', { start_line: 2 }),
      { tool: 'search_text', args: { query: 'y', path: 'line.txt' } },
    ]);
    expect([harmIn(evidence), verdicts(evidence)]).toEqual([[], ['success', 'success', 'success']]);
    for (const { bytes } of evidence.replies) expect(bytes.length).toBeLessThan(1024 ** 2);
  });
});

describe('changes that are hard to describe (D06)', () => {
  it('two versions of 20,000 lines with nothing in common: the change is made, the diff may be missing', async () => {
    const lines = (word: string, count: number): string =>
      Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('');
    const old = lines('old', 20_000);
    const young = lines('new', 20_000);
    writeFileSync(inWorkspace('unrelated.txt'), old);
    const evidence = await scene.together([
      { tool: 'edit_file', args: { path: 'unrelated.txt', edits: [{ old, new: young }] } },
    ]);
    expect([harmIn(evidence), verdicts(evidence)]).toEqual([[], ['success']]);
    expect(readFileSync(inWorkspace('unrelated.txt'), 'utf8')).toBe(young);
    expect(evidence.replies[0]!.message!.result!.structuredContent).toMatchObject({ diff_omitted: true });
  });

  it('a line of 2 MB, and a million lines of one character', async () => {
    writeFileSync(inWorkspace('long.txt'), `${'x'.repeat(2_000_000)}y`);
    writeFileSync(inWorkspace('many.txt'), `${'x\n'.repeat(1_000_000)}y\n`);
    const edits = [{ old: 'y', new: 'z' }];
    const evidence = await scene.together([
      { tool: 'edit_file', args: { path: 'long.txt', edits } },
      { tool: 'edit_file', args: { path: 'many.txt', edits } },
      { tool: 'edit_file', args: { path: 'many.txt', edits: [{ old: 'x', new: 'w', expected_count: 100_000 }] } },
    ]);
    expect([harmIn(evidence), verdicts(evidence)]).toEqual([[], ['success', 'success', 'INVALID_ARGUMENT']]);
  });
});

describe('afterwards', () => {
  it('the audit has every call once, as it ended, and neither log nor error output has a secret', async () => {
    expect(await scene.close()).toEqual([]);
  });
});
