import { format, inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { AuthSettings, StorageSettings } from './settings.js';

const auth = Object.freeze(
  Object.assign(new AuthSettings(), {
    issuer: 'https://issuer.test',
    publicKeys: 'hunter2',
    secret: 'hunter2',
    clientSecret: 'hunter2',
    token: 'hunter2',
    acceptsApiKeys: false,
  }),
);
const storage = Object.assign(new StorageSettings(), {
  dataDir: '/data',
  databaseUrl: 'postgres://u:hunter2@db',
  redisUrl: 'redis://:hunter2@cache',
});

describe('a section with secrets', () => {
  it.each([
    ['inspect', (value: object) => inspect(value, { depth: 9, showHidden: true })],
    ['inspect in another object', (value: object) => inspect({ settings: [value] }, { depth: 9 })],
    ['JSON', (value: object) => JSON.stringify({ value })],
    ['a message', (value: object) => format('%o %O %j %s', value, value, value, value)],
    ['a text', (value: object) => String(value)],
  ])('shows none of them by %s', (_way, show) => {
    for (const section of [auth, storage]) expect(show(section)).not.toContain('hunter2');
  });

  it('shows what is no secret, and that a secret is set', () => {
    expect(JSON.parse(JSON.stringify(storage))).toEqual({ dataDir: '/data', databaseUrl: '[set]', redisUrl: '[set]' });
    expect(JSON.parse(JSON.stringify(Object.assign(new StorageSettings(), { dataDir: '/data' })))).toEqual({
      dataDir: '/data',
    });
    expect(inspect(auth)).toContain('issuer.test');
  });

  it('is the same object to whoever uses it', () => {
    expect([auth.secret, auth.acceptsTokens, storage.redisUrl]).toEqual(['hunter2', true, 'redis://:hunter2@cache']);
    expect({ ...storage }).toMatchObject({ databaseUrl: 'postgres://u:hunter2@db' });
  });
});
