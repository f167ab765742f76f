import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Segment } from './segment.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segment-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('Segment', () => {
  it('gives whole lines from its front, as many as fit, and again until they are stored', async () => {
    const segment = await Segment.create(join(folder, 'a'));
    await segment.append(Buffer.from('one\ntwo\nthree\n'), true);
    expect(await segment.next(9)).toEqual({ lines: ['one', 'two'], bytes: 8 });
    expect(await segment.next(9)).toEqual({ lines: ['one', 'two'], bytes: 8 });
    segment.stored = 8;
    expect(await segment.next(9)).toEqual({ lines: ['three'], bytes: 6 });
    segment.stored = 14;
    expect(await segment.next(9)).toBeUndefined();
    await segment.remove();
  });

  it('writes over what a failed attempt has left', async () => {
    const path = join(folder, 'a');
    const segment = await Segment.create(path);
    await segment.append(Buffer.from('one\n'), false);
    await appendFile(path, 'tw');
    await segment.append(Buffer.from('two\n'), false);
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
    await segment.close();
  });

  it('gives a torn end as a line of its own, last', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'one\ntw');
    const segment = await Segment.reopen(path);
    expect(await segment.next(100)).toEqual({ lines: ['one'], bytes: 4 });
    segment.stored = 4;
    expect(await segment.next(100)).toEqual({ lines: ['tw'], bytes: 2 });
    await segment.close();
  });
});
