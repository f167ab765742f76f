import { createSecretKey } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CipherError } from './cipher.error.js';
import { openDataCipher } from './data-cipher.js';

const KEY = { kid: 'k1', key: createSecretKey(Buffer.alloc(32, 7)) };

describe('openDataCipher', () => {
  let dataDir: string;
  let file: string;
  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'data-key-')), 'not', 'there');
    file = join(dataDir, 'data-key');
  });

  it('makes a key that only this user can read, and finds it again', async () => {
    const sealed = (await openDataCipher(dataDir)).seal('x', 'A');
    expect([statSync(file).mode & 0o777, statSync(dataDir).mode & 0o777, readFileSync(file).length]).toEqual([
      0o600, 0o700, 32,
    ]);
    expect(sealed).toMatch(/^enc:v1:data-key:/);
    expect((await openDataCipher(dataDir)).open(sealed, 'A')).toBe('x');
    expect(readdirSync(dataDir)).toEqual(['data-key']);
  });

  it('agrees on one key when many make it at once', async () => {
    const ciphers = await Promise.all(Array.from({ length: 20 }, () => openDataCipher(dataDir)));
    const sealed = ciphers.map((cipher) => cipher.seal('x', 'A'));
    for (const cipher of ciphers) expect(sealed.map((each) => cipher.open(each, 'A'))).toEqual(sealed.map(() => 'x'));
    expect(readdirSync(dataDir)).toEqual(['data-key']);
  });

  it('uses the keys it is given, and makes none', async () => {
    const cipher = await openDataCipher(dataDir, [KEY]);
    expect(cipher.seal('x', 'A')).toMatch(/^enc:v1:k1:/);
    expect(() => readdirSync(dataDir)).toThrow('ENOENT');
  });

  it('still opens what was sealed before there were keys', async () => {
    const before = (await openDataCipher(dataDir)).seal('x', 'A');
    const after = await openDataCipher(dataDir, [KEY]);
    expect(after.open(before, 'A')).toBe('x');
    expect(after.rotate(before, 'A')).toMatch(/^enc:v1:k1:/);
  });

  it('does not open what is sealed for settings', async () => {
    const { settingsCipher } = await import('../environment-values.js');
    const cipher = await openDataCipher(dataDir, [KEY]);
    expect(() => cipher.open(settingsCipher([KEY]).seal('x', 'A'), 'A')).toThrow(CipherError);
  });

  it.each<[string, () => void, string]>([
    ['too short', () => writeFileSync(file, 'x'.repeat(31), { mode: 0o600 }), 'not a key of 32 bytes'],
    ['too long', () => writeFileSync(file, 'x'.repeat(33), { mode: 0o600 }), 'not a key of 32 bytes'],
    ['empty', () => writeFileSync(file, '', { mode: 0o600 }), 'not a key of 32 bytes'],
    ['a folder', () => mkdirSync(file), 'not a regular file'],
    ['a link', () => symlinkSync('/dev/zero', file), 'cannot be read (ELOOP)'],
    [
      'open to all',
      () => {
        writeFileSync(file, 'x'.repeat(32));
        chmodSync(file, 0o644);
      },
      'anybody on this machine',
    ],
  ])('refuses a key file that is %s, and leaves it', async (_what, make, words) => {
    mkdirSync(dataDir, { recursive: true });
    make();
    await expect(openDataCipher(dataDir)).rejects.toThrow(words);
    await expect(openDataCipher(dataDir, [KEY])).rejects.toThrow(words);
    expect(readdirSync(dataDir)).toEqual(['data-key']);
  });
});
