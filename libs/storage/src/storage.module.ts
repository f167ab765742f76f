import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import { CounterStore } from './counters/counter-store.js';
import { MemoryCounterStore } from './counters/memory-counter-store.js';
import { RedisCounterStore } from './counters/redis-counter-store.js';
import { KeyValueStore } from './key-values/key-value-store.js';
import { MemoryKeyValueStore } from './key-values/memory-key-value-store.js';
import { PostgresKeyValueStore } from './key-values/postgres-key-value-store.js';
import { RedisKeyValueStore } from './key-values/redis-key-value-store.js';
import { PostgresConnection } from './services/postgres-connection.js';
import { RedisConnection } from './services/redis-connection.js';

export interface StorageUrls {
  /** redis: or rediss: */
  readonly redisUrl?: string;
  /** postgres: or postgresql: */
  readonly databaseUrl?: string;
}

/**
 * Provides {@link KeyValueStore} (Redis, else PostgreSQL, else memory) and {@link CounterStore} (Redis, else memory),
 * and the connection behind them, where there is one.
 * Connections are made when first needed, so a service that is down does not keep the server from starting, and are
 * closed with the module.
 */
@Module({})
export class StorageModule {
  static of(urls: StorageUrls): DynamicModule {
    const providers = providersFor(urls);
    return { module: StorageModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}

function providersFor({ redisUrl, databaseUrl }: StorageUrls): FactoryProvider[] {
  if (redisUrl !== undefined)
    return [
      { provide: RedisConnection, useFactory: () => new RedisConnection(redisUrl) },
      {
        provide: KeyValueStore,
        inject: [RedisConnection],
        useFactory: (redis: RedisConnection) => new RedisKeyValueStore(redis),
      },
      {
        provide: CounterStore,
        inject: [RedisConnection],
        useFactory: (redis: RedisConnection) => new RedisCounterStore(redis),
      },
    ];
  const counters: FactoryProvider = { provide: CounterStore, useFactory: () => new MemoryCounterStore() };
  if (databaseUrl === undefined)
    return [{ provide: KeyValueStore, useFactory: () => new MemoryKeyValueStore() }, counters];
  return [
    { provide: PostgresConnection, useFactory: () => new PostgresConnection(databaseUrl) },
    {
      provide: KeyValueStore,
      inject: [PostgresConnection],
      useFactory: (postgres: PostgresConnection) => new PostgresKeyValueStore(postgres),
    },
    counters,
  ];
}
