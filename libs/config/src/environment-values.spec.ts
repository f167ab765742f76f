import { createSecretKey } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './configuration.error.js';
import { readConfigKeys, settingsCipher } from './environment-values.js';
import { loadSettings } from './load.js';

const bytes = (salt: number): Buffer => Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 7 + salt) % 256));
const entry = (kid: string, salt: number): string => `${kid}:${bytes(salt).toString('base64')}`;
const cipherOf = (kid: string, salt: number) => settingsCipher([{ kid, key: createSecretKey(bytes(salt)) }]);

const SECRET = 'a-hunter2-secret-of-more-than-32-bytes';
const TOKENS = { AUTH_ISSUER: 'https://issuer.test', AUTH_AUDIENCE: 'mcp' };
const KEYS = `${entry('new', 1)},${entry('old', 2)}`;

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadSettings(environment, { transport: 'http' });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(inspect(error)).not.toMatch(/hunter2|enc:v1:[a-z]/);
    return error.problems;
  }
};

describe('an encrypted setting', () => {
  const sealed = cipherOf('new', 1).seal(SECRET, 'AUTH_SECRET');

  it('is opened, whichever of the keys it is under', () => {
    const old = cipherOf('old', 2).seal(SECRET, 'AUTH_SECRET');
    for (const AUTH_SECRET of [sealed, old]) {
      const { auth, storage } = loadSettings({ ...TOKENS, CONFIG_KEYS: KEYS, AUTH_SECRET }, { transport: 'http' });
      expect([auth.secret, storage.configKeys?.map(({ kid }) => kid)]).toEqual([SECRET, ['new', 'old']]);
    }
  });

  it.each([
    ['DATABASE_URL', 'postgres://u:p@db/mcp'],
    ['REDIS_URL', 'rediss://:p@cache'],
    ['LOG_LEVEL', 'debug'],
    ['PORT', '4000'],
    ['ALLOWED_HOSTS', 'a.test,b.test'],
  ])('may be any, such as %s, and is validated as if it were plain', (name, value) => {
    const cipher = cipherOf('new', 1);
    expect(problemsOf({ CONFIG_KEYS: KEYS, [name]: cipher.seal(value, name) })).toEqual([]);
    const bad = problemsOf({ CONFIG_KEYS: KEYS, [name]: cipher.seal('hunter2 not!', name) });
    expect(bad.map((problem) => problem.split(':')[0])).toEqual([name]);
  });

  it('and its keys may stand in files, a key on each line', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealed-'));
    const [keys, secret] = [join(folder, 'keys'), join(folder, 'secret')];
    writeFileSync(keys, `${KEYS.replace(',', '\n')}\n`);
    writeFileSync(secret, `${sealed}\n`);
    const environment = { ...TOKENS, CONFIG_KEYS_FILE: keys, AUTH_SECRET_FILE: secret };
    expect(loadSettings(environment, { transport: 'http' }).auth.secret).toBe(SECRET);
  });

  const told = (AUTH_SECRET: string, CONFIG_KEYS = KEYS) => problemsOf({ ...TOKENS, CONFIG_KEYS, AUTH_SECRET });
  it('is refused by name, without its value, when it does not open', () => {
    expect(told(sealed, '')).toEqual(['AUTH_SECRET: it is encrypted, and CONFIG_KEYS has no key to open it with']);
    expect(told(sealed, entry('old', 2))).toEqual([
      'AUTH_SECRET: it is encrypted with a key that CONFIG_KEYS does not have',
    ]);
    for (const other of [told(sealed, entry('new', 3)), told(cipherOf('new', 1).seal(SECRET, 'AUTH_TOKEN'))])
      expect(other).toEqual([
        'AUTH_SECRET: it was altered, encrypted for another setting, or its key in CONFIG_KEYS is another one now',
      ]);
    expect(told('enc:v1:new:hunter2')).toEqual(['AUTH_SECRET: it is not a well-formed enc:v1: value']);
    expect(told('enc:v2:new:hunter2')).toEqual(['AUTH_SECRET: it is not a well-formed enc:v1: value']);
    expect(told(cipherOf('new', 1).seal('', 'AUTH_SECRET'))).toEqual(['AUTH_SECRET: it is encrypted, and empty']);
  });

  it('of which any bit was changed is refused, and never passes for a plain one', () => {
    const given = Buffer.from(sealed, 'latin1');
    for (let bit = 0; bit < given.length * 8; bit++) {
      const changed = Buffer.from(given);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect([bit, told(changed.toString('latin1')).length]).toEqual([bit, 1]);
    }
  });

  it('is one problem among all others', () => {
    const problems = problemsOf({ ...TOKENS, AUTH_SECRET: sealed, PORT: 'x', CONFIG_KEYS: 'hunter2' });
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual(['AUTH_SECRET', 'CONFIG_KEYS', 'PORT']);
  });
});

describe('CONFIG_KEYS', () => {
  it('cannot be encrypted itself', () => {
    expect(problemsOf({ CONFIG_KEYS: cipherOf('new', 1).seal(KEYS, 'CONFIG_KEYS') })).toEqual([
      expect.stringMatching(/^CONFIG_KEYS: expected kid:base64/),
    ]);
  });

  it('has one key of each name', () => {
    expect(problemsOf({ CONFIG_KEYS: `${entry('a', 1)},${entry('a', 2)}` })).toEqual([
      'CONFIG_KEYS: CONFIG_KEYS must not name two keys alike',
    ]);
  });

  it('is read alone for who needs no other setting', () => {
    expect(readConfigKeys({ CONFIG_KEYS: KEYS, PORT: 'x' }).map(({ kid }) => kid)).toEqual(['new', 'old']);
    expect(() => readConfigKeys({})).toThrow('CONFIG_KEYS: set it');
    for (const given of ['hunter2', `${entry('a', 1)},hunter2`, `${entry('a', 1)},${entry('a', 1)}`])
      expect(() => readConfigKeys({ CONFIG_KEYS: given })).toThrow(/^(?!.*hunter2).*CONFIG_KEYS: expected kid:base64/s);
  });

  it('is no part of what the settings show of themselves', () => {
    const settings = loadSettings({ CONFIG_KEYS: KEYS }, { transport: 'http' });
    for (const text of [inspect(settings, { depth: 9 }), JSON.stringify(settings)])
      for (const salt of [1, 2]) expect(text).not.toContain(bytes(salt).toString('base64').slice(0, 12));
  });
});
