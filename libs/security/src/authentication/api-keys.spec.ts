import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteDatabase } from '@app/storage';
import type { NewApiKey } from './api-key-record.js';
import { ApiKeys } from './api-keys.js';

const GIVEN: NewApiKey = {
  name: 'CI of acme',
  tenant: 'acme',
  subject: 'ci',
  scopes: ['files:read'],
  roles: ['builder'],
  createdBy: 'operator',
};
const HOUR_MS = 3_600_000;

let folder: string;
let database: SqliteDatabase;
let nowMs: number;
let keys: ApiKeys;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'api-keys-'));
  database = new SqliteDatabase(folder);
  nowMs = 1_800_000_000_000;
  keys = new ApiKeys(database, () => nowMs);
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const ends = (text: string): Promise<string> =>
  keys.verify(text).then(
    ({ subject }) => subject,
    (error: Error) => error.name,
  );

describe('API keys', () => {
  it('say who calls, and are kept as a hash only', async () => {
    const { key, text } = await keys.create(GIVEN);
    expect(text).toMatch(/^mse_[A-Za-z0-9_-]{16}_[A-Za-z0-9_-]{43}$/);
    expect(await keys.verify(text)).toEqual({
      subject: 'ci',
      tenant: 'acme',
      scopes: ['files:read'],
      roles: ['builder'],
      actors: [],
      method: 'api_key',
      tokenId: key.id,
    });
    const secret = text.split('_').slice(2).join('_');
    const rows = await database.run((statement) =>
      statement(`SELECT * FROM ${database.table('mcp_api_keys')} WHERE $1 = 1 LIMIT 10`, [1]),
    );
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(await keys.list())).not.toContain(secret);
  });

  it.each([
    ['another secret', (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')],
    ['another id', (text: string) => text.replace(/^mse_./, (head) => (head.endsWith('A') ? 'mse_B' : 'mse_A'))],
    ['no secret', (text: string) => text.slice(0, 21)],
    ['a longer secret', (text: string) => `${text}A`],
    ['nothing', () => ''],
  ])('with %s prove nobody', async (_what, change) => {
    const { text } = await keys.create(GIVEN);
    expect(await ends(change(text))).toBe('CredentialRefused');
    expect(await ends(text)).toBe('ci');
  });

  it('end when they expire, and when they are revoked', async () => {
    const short = await keys.create({ ...GIVEN, expiresAt: nowMs + HOUR_MS });
    const long = await keys.create(GIVEN);
    nowMs += HOUR_MS;
    expect([await ends(short.text), await ends(long.text)]).toEqual(['CredentialRefused', 'ci']);
    await keys.revoke(long.key.id);
    expect(await ends(long.text)).toBe('CredentialRefused');
    expect(await keys.isValid(long.key.id)).toBe(false);
    await expect(keys.revoke('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are exchanged for new ones, and go on for a while', async () => {
    const old = await keys.create(GIVEN);
    const made = await keys.rotate(old.key.id, HOUR_MS, 'somebody');
    expect(made.key).toMatchObject({ subject: 'ci', scopes: ['files:read'], createdBy: 'somebody' });
    expect([await ends(old.text), await ends(made.text)]).toEqual(['ci', 'ci']);
    nowMs += HOUR_MS;
    expect([await ends(old.text), await ends(made.text)]).toEqual(['CredentialRefused', 'ci']);
    await expect(keys.rotate(old.key.id, HOUR_MS, 'x')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await keys.list()).find(({ id }) => id === old.key.id)?.rotatedTo).toBe(made.key.id);
  });

  it('are exchanged once, however many try at the same time', async () => {
    const old = await keys.create(GIVEN);
    const tries = await Promise.allSettled([1, 2, 3].map(() => keys.rotate(old.key.id, 0, 'x')));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await keys.list()).toHaveLength(2);
  });

  it('of another tenant are unknown', async () => {
    const { key } = await keys.create(GIVEN);
    expect(await keys.list('globex')).toEqual([]);
    await expect(keys.revoke(key.id, 'globex')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(keys.rotate(key.id, 0, 'x', 'globex')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await keys.list('acme')).toMatchObject([{ id: key.id, tenant: 'acme' }]);
  });

  it('tell to the minute when they were used last', async () => {
    const { text } = await keys.create(GIVEN);
    await keys.verify(text);
    nowMs += 59_000;
    await keys.verify(text);
    expect((await keys.list())[0]!.lastUsedAt).toBe(nowMs - 59_000);
    nowMs += 1_000;
    await keys.verify(text);
    expect((await keys.list())[0]!.lastUsedAt).toBe(nowMs);
  });

  it.each([
    [{ name: '' }],
    [{ name: 'a\nb' }],
    [{ tenant: 'x'.repeat(201) }],
    [{ subject: '' }],
    [{ scopes: ['everything'] }],
    [{ scopes: Array.from({ length: 200 }, () => 'files:read') }],
    [{ roles: ['\u0000'] }],
    [{ expiresAt: 5 }],
    [{ expiresAt: Number.NaN }],
  ])('are not made of %j', async (change) => {
    await expect(keys.create({ ...GIVEN, ...change })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await keys.list()).toEqual([]);
  });
});
