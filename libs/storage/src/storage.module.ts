import { type DynamicModule, type FactoryProvider, Module } from '@nestjs/common';
import { CounterStore } from './counters/counter-store.js';
import { MemoryCounterStore } from './counters/memory-counter-store.js';
import { RedisCounterStore } from './counters/redis-counter-store.js';
import { MAX_SEALED_BYTES, MAX_VALUE_BYTES } from './key-values/entry-rules.js';
import { KeyValueStore } from './key-values/key-value-store.js';
import { MemoryKeyValueStore } from './key-values/memory-key-value-store.js';
import { RedisKeyValueStore } from './key-values/redis-key-value-store.js';
import { SealedKeyValueStore } from './key-values/sealed-key-value-store.js';
import { SqlKeyValueStore } from './key-values/sql-key-value-store.js';
import type { ValueCipher } from './key-values/value-cipher.js';
import { PostgresConnection } from './services/postgres-connection.js';
import { RedisConnection } from './services/redis-connection.js';
import { SqlDatabase } from './sql/sql-database.js';
import { SqliteDatabase } from './sql/sqlite-database.js';

export interface StoragePlaces {
  /** Absolute; for an embedded database, where there is no other. */
  readonly dataDir?: string;
  /** postgres: or postgresql: */
  readonly databaseUrl?: string;
  /** redis: or rediss: */
  readonly redisUrl?: string;
}

export interface StorageOptions extends StoragePlaces {
  /** Seals the values of {@link KeyValueStore}, which can be results of calls. */
  readonly cipher?: ValueCipher;
}

/**
 * Provides {@link SqlDatabase} (PostgreSQL, else an embedded one, else none), {@link KeyValueStore} (Redis, else that
 * database, else memory) and {@link CounterStore} (Redis, else memory), and the connections behind them.
 * Connections are made when first needed, so a service that is down does not keep the server from starting, and are
 * closed with the module.
 */
@Module({})
export class StorageModule {
  static of({ dataDir, databaseUrl, redisUrl, cipher }: StorageOptions): DynamicModule {
    const places = { dataDir, databaseUrl, redisUrl };
    const maxValueBytes = cipher === undefined ? MAX_VALUE_BYTES : MAX_SEALED_BYTES;
    const kept = keyValuesIn(places, maxValueBytes);
    const providers = [
      ...(redisUrl === undefined
        ? []
        : [{ provide: RedisConnection, useFactory: () => new RedisConnection(redisUrl) }]),
      ...databaseIn(places),
      ...(cipher === undefined ? [{ ...kept, provide: KeyValueStore }] : sealed(kept, cipher)),
      countersIn(places),
    ];
    return { module: StorageModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}

type Recipe = Pick<FactoryProvider, 'inject' | 'useFactory'>;

function databaseIn({ dataDir, databaseUrl }: StoragePlaces): FactoryProvider[] {
  if (databaseUrl !== undefined)
    return [
      { provide: PostgresConnection, useFactory: () => new PostgresConnection(databaseUrl) },
      { provide: SqlDatabase, inject: [PostgresConnection], useFactory: (postgres: PostgresConnection) => postgres },
    ];
  if (dataDir === undefined) return [];
  return [
    { provide: SqliteDatabase, useFactory: () => new SqliteDatabase(dataDir) },
    { provide: SqlDatabase, inject: [SqliteDatabase], useFactory: (sqlite: SqliteDatabase) => sqlite },
  ];
}

function keyValuesIn({ dataDir, databaseUrl, redisUrl }: StoragePlaces, maxValueBytes: number): Recipe {
  if (redisUrl !== undefined)
    return {
      inject: [RedisConnection],
      useFactory: (redis: RedisConnection) => new RedisKeyValueStore(redis, maxValueBytes),
    };
  if (databaseUrl === undefined && dataDir === undefined)
    return { useFactory: () => new MemoryKeyValueStore({ maxValueBytes }) };
  return {
    inject: [SqlDatabase],
    useFactory: (database: SqlDatabase) => new SqlKeyValueStore(database, { maxValueBytes }),
  };
}

/** The store underneath is a provider of its own: what it has to end, it ends with the module. */
function sealed(kept: Recipe, cipher: ValueCipher): FactoryProvider[] {
  const underneath = Symbol('key values, sealed');
  return [
    { ...kept, provide: underneath },
    {
      provide: KeyValueStore,
      inject: [underneath],
      useFactory: (store: KeyValueStore) => new SealedKeyValueStore(store, cipher),
    },
  ];
}

function countersIn({ redisUrl }: StoragePlaces): FactoryProvider {
  if (redisUrl === undefined) return { provide: CounterStore, useFactory: () => new MemoryCounterStore() };
  return {
    provide: CounterStore,
    inject: [RedisConnection],
    useFactory: (redis: RedisConnection) => new RedisCounterStore(redis),
  };
}
