import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { CounterStore } from './counters/counter-store.js';
import { MemoryCounterStore } from './counters/memory-counter-store.js';
import { RedisCounterStore } from './counters/redis-counter-store.js';
import { outcomeOf } from './fixtures/outcome.js';
import { TcpProxy } from './fixtures/tcp-proxy.js';
import { TestCipher } from './fixtures/test-cipher.js';
import { KeyValueStore } from './key-values/key-value-store.js';
import { MemoryKeyValueStore } from './key-values/memory-key-value-store.js';
import { RedisKeyValueStore } from './key-values/redis-key-value-store.js';
import { SealedKeyValueStore } from './key-values/sealed-key-value-store.js';
import { SqlKeyValueStore } from './key-values/sql-key-value-store.js';
import { PostgresConnection } from './services/postgres-connection.js';
import { SqlDatabase } from './sql/sql-database.js';
import { SqliteDatabase } from './sql/sqlite-database.js';
import { StorageModule, type StoragePlaces } from './storage.module.js';

const REDIS_URL = 'redis://127.0.0.1:1';
const DATABASE_URL = 'postgres://127.0.0.1:1/x';

describe('StorageModule', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'storage-')), 'data');
  });

  it.each<[string, StoragePlaces, unknown, unknown, unknown]>([
    ['nothing', {}, undefined, MemoryKeyValueStore, MemoryCounterStore],
    ['a folder', { dataDir: '' }, SqliteDatabase, SqlKeyValueStore, MemoryCounterStore],
    ['a database', { databaseUrl: DATABASE_URL }, PostgresConnection, SqlKeyValueStore, MemoryCounterStore],
    [
      'a folder and a database',
      { dataDir: '', databaseUrl: DATABASE_URL },
      PostgresConnection,
      SqlKeyValueStore,
      MemoryCounterStore,
    ],
    ['Redis', { redisUrl: REDIS_URL }, undefined, RedisKeyValueStore, RedisCounterStore],
    ['a folder and Redis', { dataDir: '', redisUrl: REDIS_URL }, SqliteDatabase, RedisKeyValueStore, RedisCounterStore],
    [
      'a database and Redis',
      { redisUrl: REDIS_URL, databaseUrl: DATABASE_URL },
      PostgresConnection,
      RedisKeyValueStore,
      RedisCounterStore,
    ],
  ])('with %s starts without connecting, and provides what fits', async (_, places, database, keyValues, counters) => {
    const urls = places.dataDir === undefined ? places : { ...places, dataDir };
    const app = await Test.createTestingModule({ imports: [StorageModule.of(urls)] }).compile();
    await app.init();
    const kept = database === undefined ? undefined : app.get<object>(SqlDatabase).constructor;
    if (database === undefined) expect(() => app.get(SqlDatabase)).toThrow();
    expect(kept).toBe(database);
    expect(app.get(KeyValueStore).constructor).toBe(keyValues);
    expect(app.get(CounterStore).constructor).toBe(counters);
    await app.close();
    await expect(stat(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each<[string, (dataDir: string) => StoragePlaces]>([
    ['memory', () => ({})],
    ['the embedded database', (folder) => ({ dataDir: folder })],
  ])('seals what is kept in %s when it is given a cipher', async (_, places) => {
    const cipher = new TestCipher();
    const app = await Test.createTestingModule({
      imports: [StorageModule.of({ ...places(dataDir), cipher })],
    }).compile();
    await app.init();
    const store = app.get(KeyValueStore);
    expect(store).toBeInstanceOf(SealedKeyValueStore);
    await store.put('k', 'plain', 60_000);
    expect([await store.get('k'), cipher.sealed]).toEqual(['plain', 1]);
    if (places(dataDir).dataDir !== undefined) {
      const { rows } = await app
        .get(SqlDatabase)
        .run((statement) => statement<{ value: string }>('SELECT value FROM mcp_key_values WHERE key = $1', ['k']));
      expect(rows.map(({ value }) => cipher.open(value, 'k'))).toEqual(['plain']);
      expect(rows[0]!.value).not.toContain('plain');
    }
    await app.close();
  });

  it.each<[string, (port: number) => StoragePlaces]>([
    ['Redis', (port) => ({ redisUrl: `redis://127.0.0.1:${port}` })],
    ['a database', (port) => ({ databaseUrl: `postgres://127.0.0.1:${port}/x` })],
  ])('closes its connections to %s when it is destroyed', async (_, urls) => {
    const hole = new TcpProxy();
    const app = await Test.createTestingModule({ imports: [StorageModule.of(urls(await hole.listen()))] }).compile();
    await app.init();
    const store = app.get(KeyValueStore);
    const asked = outcomeOf(store.get('k'));
    await app.close();
    expect(await asked).toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'POLICY_UNAVAILABLE',
      cause: { message: 'the connection is closed' },
    });
    await hole.close();
  });
});
