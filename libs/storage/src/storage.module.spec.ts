import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { CounterStore } from './counters/counter-store.js';
import { MemoryCounterStore } from './counters/memory-counter-store.js';
import { RedisCounterStore } from './counters/redis-counter-store.js';
import { outcomeOf } from './fixtures/outcome.js';
import { TcpProxy } from './fixtures/tcp-proxy.js';
import { KeyValueStore } from './key-values/key-value-store.js';
import { MemoryKeyValueStore } from './key-values/memory-key-value-store.js';
import { PostgresKeyValueStore } from './key-values/postgres-key-value-store.js';
import { RedisKeyValueStore } from './key-values/redis-key-value-store.js';
import { StorageModule, type StorageUrls } from './storage.module.js';

describe('StorageModule', () => {
  it.each<[string, StorageUrls, unknown, unknown]>([
    ['nothing', {}, MemoryKeyValueStore, MemoryCounterStore],
    ['a database', { databaseUrl: 'postgres://127.0.0.1:1/x' }, PostgresKeyValueStore, MemoryCounterStore],
    ['Redis', { redisUrl: 'redis://127.0.0.1:1' }, RedisKeyValueStore, RedisCounterStore],
    [
      'both',
      { redisUrl: 'redis://127.0.0.1:1', databaseUrl: 'postgres://127.0.0.1:1/x' },
      RedisKeyValueStore,
      RedisCounterStore,
    ],
  ])('with %s starts without connecting, and provides what fits', async (_, urls, keyValues, counters) => {
    const app = await Test.createTestingModule({ imports: [StorageModule.of(urls)] }).compile();
    await app.init();
    expect(app.get(KeyValueStore).constructor).toBe(keyValues);
    expect(app.get(CounterStore).constructor).toBe(counters);
    await app.close();
  });

  it.each<[string, (port: number) => StorageUrls]>([
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
