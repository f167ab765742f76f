import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { MemoryKeyValueStore } from '@app/storage';
import { describeDialects } from '../audit/fixtures/describe-dialects.js';
import { TestDatabase } from '../audit/fixtures/test-database.js';
import { ApiKeyVerifier } from './api-key-verifier.js';
import type { NewApiKey } from './api-key-record.js';
import { ApiKeys } from './api-keys.js';
import { Authenticator } from './authenticator.js';
import { ClientAddress } from './client-address.js';
import { RevokedTokens } from './revoked-tokens.js';
import { VerifiedTokens } from './verified-tokens.js';

const GIVEN: NewApiKey = {
  name: 'build',
  tenant: 'acme',
  subject: 'ci',
  scopes: ['files:read'],
  roles: ['developer'],
  createdBy: 'alice',
};

await describeDialects('API keys in use', (dialect) => {
  let folder: string;
  let database: TestDatabase;
  let time: number;
  let keys: ApiKeys;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
    database = await TestDatabase.create(dialect, folder);
    time = 1_800_000_000_000;
    keys = new ApiKeys(database, () => time);
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const server = (): Authenticator => {
    const own = new ApiKeys(database, () => time);
    const ways = {
      tokens: [new ApiKeyVerifier(own)],
      keys: own,
      revoked: new RevokedTokens(new MemoryKeyValueStore()),
    };
    return new Authenticator(ways, new VerifiedTokens(new Limits(), () => time), new ClientAddress([]));
  };
  const kindOf = async (by: Authenticator, text: string): Promise<string> =>
    (await by.verify({ authorization: `Bearer ${text}`, headers: {}, remoteAddress: '' })).kind;

  it.each([-1, NaN, Infinity, 1.5])('are not exchanged with a time of grace of %s', async (graceMs) => {
    const { key } = await keys.create(GIVEN);
    await expect(keys.rotate(key.id, graceMs, 'bob')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('say when they were used last, to the minute, also while they are remembered', async () => {
    const { text } = await keys.create(GIVEN);
    const by = server();
    const lastUsedAt = async (): Promise<number | undefined> => (await keys.list())[0]?.lastUsedAt;
    const from = time;
    await kindOf(by, text);
    expect(await lastUsedAt()).toBe(from);
    time = from + 30_000;
    await kindOf(by, text);
    expect(await lastUsedAt()).toBe(from);
    time = from + 3_600_000;
    await kindOf(by, text);
    expect(await lastUsedAt()).toBe(time);
  });

  it('are made and exchanged by somebody', async () => {
    const invalid = { code: 'INVALID_ARGUMENT' };
    await expect(keys.create({ ...GIVEN, createdBy: 'a\u0000b' })).rejects.toMatchObject(invalid);
    const { key } = await keys.create(GIVEN);
    await expect(keys.rotate(key.id, 0, '')).rejects.toMatchObject(invalid);
  });
});
