import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditHead } from './audit-head.js';
import { SigningKey } from './signing-key.js';
import { TrustedKeys } from './trusted-keys.js';

const HEAD: AuditHead = { instance: 'i', seq: 3, kind: 'periodic', at: 5, hash: 'ab' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('SigningKey', () => {
  it('is one for all who start at once, and stays', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => SigningKey.open(folder)));
    expect(new Set(keys.map(({ publicKey }) => publicKey)).size).toBe(1);
    expect((await SigningKey.find(folder))?.keyId).toBe(keys[0]!.keyId);
  });

  it('is not made for who only looks', async () => {
    expect(await SigningKey.find(folder)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it('signs what nobody can change, not even into another kind of head', async () => {
    const key = await SigningKey.open(folder);
    const keys = new TrustedKeys([key.publicKey]);
    const head = key.sign(HEAD);
    const changed = [{ instance: 'j' }, { seq: 4 }, { kind: 'cut' as const }, { at: 6 }, { hash: 'ac' }];
    expect(keys.judge(head)).toBe('good');
    for (const change of changed) expect(keys.judge({ ...head, ...change })).toBe('bad signature');
    expect(keys.judge({ ...head, keyId: 'x' })).toBe('unknown key');
  });

  it('shows nothing of its private half', async () => {
    const key = await SigningKey.open(folder);
    expect(`${JSON.stringify(key)}${JSON.stringify(key.sign(HEAD))}`).not.toContain('PRIVATE');
    expect(key.digest('a')).toMatch(/^[0-9a-f]{64}$/u);
  });

  it('refuses a file that is none of its kind', async () => {
    await writeFile(join(folder, 'signing-key.pem'), 'nonsense');
    await expect(SigningKey.open(folder)).rejects.toThrow();
  });
});
