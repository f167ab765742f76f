import { describe, expect, it } from '@jest/globals';
import 'reflect-metadata';
import { ConfigurationError, loadSettings, readConfigKeys, settingsCipher } from '@app/config';
import { sealSetting } from './config-seal.js';
import { UsageError } from './usage.error.js';

const entry = (kid: string, salt: number): string =>
  `${kid}:${Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 5 + salt) % 256)).toString('base64')}`;
const CONFIG_KEYS = `${entry('new', 1)},${entry('old', 2)}`;
const KEYS = readConfigKeys({ CONFIG_KEYS });
const SECRET = 'hunter2-0123456789-abcdefghijklmn';

async function* stdin(...chunks: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const chunk of chunks) yield Promise.resolve(chunk);
}
const encrypt = (name: string, ...chunks: (string | Uint8Array)[]) =>
  sealSetting({ action: 'encrypt', name }, stdin(...chunks), KEYS);
const rotate = (name: string, ...chunks: string[]) => sealSetting({ action: 'rotate', name }, stdin(...chunks), KEYS);

describe('config encrypt', () => {
  it('prints what the server opens, in however many pieces the value came', async () => {
    const bytes = Buffer.from(`${SECRET}é\n`);
    const AUTH_SECRET = await encrypt('AUTH_SECRET', bytes.subarray(0, -2), bytes.subarray(-2));
    expect(AUTH_SECRET).toMatch(/^enc:v1:new:[\w:-]+$/);
    const tokens = { AUTH_ISSUER: 'https://issuer.test', AUTH_AUDIENCE: 'mcp' };
    const { auth } = loadSettings({ ...tokens, CONFIG_KEYS, AUTH_SECRET }, { transport: 'http' });
    expect(auth.secret).toBe(`${SECRET}é`);
  });

  it.each<[string, string, (string | Uint8Array)[], typeof ConfigurationError | typeof UsageError, string]>([
    ['no value', 'AUTH_SECRET', [], ConfigurationError, 'no value on stdin'],
    ['a blank value', 'AUTH_SECRET', ['\n'], ConfigurationError, 'no value on stdin'],
    ['a value that is too large', 'AUTH_SECRET', ['hunter2'.repeat(5_000)], ConfigurationError, 'larger than'],
    ['a value that is no text', 'AUTH_SECRET', [Buffer.from([0xff])], ConfigurationError, 'not UTF-8'],
    ['the keys', 'CONFIG_KEYS', ['x'], UsageError, 'stays plain'],
    ['no setting', 'AUTH_SECRT', ['x'], UsageError, 'did you mean AUTH_SECRET?'],
    ['the value in place of the name', 'hunter2', [], UsageError, 'not the name of a setting'],
  ])('refuses %s, and does not show it', async (_what, name, chunks, type, words) => {
    const failed = encrypt(name, ...chunks);
    await expect(failed).rejects.toThrow(type);
    await expect(failed).rejects.toThrow(words);
    await expect(failed).rejects.not.toThrow('hunter2');
  });

  it('refuses what is encrypted already', async () => {
    await expect(encrypt('AUTH_SECRET', await encrypt('AUTH_SECRET', 'x'))).rejects.toThrow('config rotate');
  });
});

describe('config rotate', () => {
  it('puts a value under the newest key', async () => {
    const old = settingsCipher(KEYS.slice(1)).seal(SECRET, 'AUTH_SECRET');
    const renewed = await rotate('AUTH_SECRET', `${old}\n`);
    expect(settingsCipher(KEYS.slice(0, 1)).open(renewed, 'AUTH_SECRET')).toBe(SECRET);
    expect(await rotate('AUTH_SECRET', renewed)).toBe(renewed);
  });

  it('refuses what does not open, by the name of the setting', async () => {
    const other = settingsCipher(KEYS).seal(SECRET, 'AUTH_TOKEN');
    await expect(rotate('AUTH_SECRET', other)).rejects.toThrow('AUTH_SECRET: it was altered');
    await expect(rotate('AUTH_SECRET', 'hunter2')).rejects.toThrow('AUTH_SECRET: it is not a well-formed');
    await expect(rotate('AUTH_SECRET', 'hunter2')).rejects.not.toThrow('hunter2');
  });
});
