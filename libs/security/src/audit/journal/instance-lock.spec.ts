import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InstanceLock } from './instance-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('InstanceLock', () => {
  it.each(['', '/deep'.repeat(40)])('is held from taking to release%s', async (below) => {
    const place = `${folder}${below}`;
    await mkdir(place, { recursive: true });
    expect(await InstanceLock.isHeld(place, 'a')).toBe(false);
    const lock = await InstanceLock.take(place, 'a');
    expect(await InstanceLock.isHeld(place, 'a')).toBe(true);
    expect(await InstanceLock.isHeld(place, 'b')).toBe(false);
    await lock.release();
    expect(await InstanceLock.isHeld(place, 'a')).toBe(false);
  });

  it('is not held by what a dead process has left', async () => {
    await writeFile(join(folder, 'a.sock'), '');
    expect(await InstanceLock.isHeld(folder, 'a')).toBe(false);
    await InstanceLock.clear(folder, 'a');
    await InstanceLock.clear(folder, 'a');
  });

  it('says what is missing where it cannot be taken', async () => {
    await expect(InstanceLock.take(join(folder, 'none'), 'a')).rejects.toThrow('sockets');
  });
});
