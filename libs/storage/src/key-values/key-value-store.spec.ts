import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../fixtures/polling.js';
import { describeWith, POSTGRES_URL, REDIS_URL } from '../fixtures/services.js';
import { TestCipher } from '../fixtures/test-cipher.js';
import { TestPrefix } from '../fixtures/test-prefix.js';
import { TestSchema } from '../fixtures/test-schema.js';
import { PostgresConnection } from '../services/postgres-connection.js';
import { RedisConnection } from '../services/redis-connection.js';
import { SqliteDatabase } from '../sql/sqlite-database.js';
import { MAX_SEALED_BYTES } from './entry-rules.js';
import type { KeyValueStore } from './key-value-store.js';
import { MemoryKeyValueStore } from './memory-key-value-store.js';
import { RedisKeyValueStore } from './redis-key-value-store.js';
import { SealedKeyValueStore } from './sealed-key-value-store.js';
import { SqlKeyValueStore } from './sql-key-value-store.js';

const HOUR_MS = 3_600_000;
/** The machine may be busy: what is tested here is not how fast a service is. */
const PATIENT = { operationTimeoutMs: 20_000 };

interface Subject {
  /** Two stores over the same entries: two replicas, where the implementation is shared. */
  readonly stores: readonly [KeyValueStore, KeyValueStore];
  /** Lets this much time pass for the entries, or waits until it did. */
  pass(ms: number, isSo: () => Promise<boolean>): Promise<void>;
}

function keepsTheContract(subject: () => Subject): void {
  let count = 0;
  const fresh = (): string => `key ${++count} of "the" contract; DROP TABLE x; -- 𝄞`;
  const store = (): KeyValueStore => subject().stores[0];

  it('keeps any text under a key and gives back the same', async () => {
    const long = 'é'.repeat(524_288);
    for (const value of ['', ' ', '𝄞 ü \r\n\t"\'\\', '{"a":[1]}', '-1', long]) {
      const key = fresh();
      await store().put(key, value, HOUR_MS);
      expect((await store().get(key)) === value).toBe(true);
    }
    expect(await store().get(fresh())).toBeUndefined();
  });

  it('tells keys apart by every character', async () => {
    const key = fresh();
    await store().put(key, '1', HOUR_MS);
    for (const other of [`${key} `, ` ${key}`, key.toUpperCase(), key.slice(1)])
      expect(await store().get(other)).toBeUndefined();
  });

  it('writes over an entry, with a new time to live', async () => {
    const key = fresh();
    await store().put(key, '1', 30);
    await store().put(key, '2', HOUR_MS);
    await subject().pass(60, async () => true);
    expect(await store().get(key)).toBe('2');
  });

  it('puts if absent once, and then gives what is there', async () => {
    const key = fresh();
    expect(await store().putIfAbsent(key, '', HOUR_MS)).toBeUndefined();
    expect(await store().putIfAbsent(key, '2', HOUR_MS)).toBe('');
    expect(await store().get(key)).toBe('');
  });

  it('lets one of a thousand that put at once write', async () => {
    const key = fresh();
    const tries = Array.from({ length: 1_000 }, (_, i) =>
      subject().stores[i % 2]!.putIfAbsent(key, `writer ${i}`, HOUR_MS),
    );
    const found = await Promise.all(tries);
    const winner = found.indexOf(undefined);
    expect(found.filter((value) => value === undefined)).toHaveLength(1);
    expect(new Set(found.filter((value) => value !== undefined))).toEqual(new Set([`writer ${winner}`]));
    expect(await store().get(key)).toBe(`writer ${winner}`);
  });

  it('lets one of many that put at once take over from an entry whose time has passed', async () => {
    const key = fresh();
    await store().put(key, 'old', 20);
    await subject().pass(20, async () => (await store().get(key)) === undefined);
    const tries = Array.from({ length: 100 }, (_, i) =>
      subject().stores[i % 2]!.putIfAbsent(key, `writer ${i}`, HOUR_MS),
    );
    expect((await Promise.all(tries)).filter((value) => value === undefined)).toHaveLength(1);
  });

  it('replaces only what was expected', async () => {
    const key = fresh();
    expect(await store().replace(key, '1', '2', HOUR_MS)).toBe(false);
    expect(await store().get(key)).toBeUndefined();
    await store().put(key, '1', HOUR_MS);
    expect(await store().replace(key, '', '2', HOUR_MS)).toBe(false);
    expect(await store().get(key)).toBe('1');
    expect(await store().replace(key, '1', '2', 30)).toBe(true);
    expect(await store().get(key)).toBeDefined();
    await subject().pass(30, async () => (await store().get(key)) === undefined);
    expect(await store().replace(key, '2', '3', HOUR_MS)).toBe(false);
  });

  it('counts right when many add to a number at once by replacing it', async () => {
    const key = fresh();
    await store().put(key, '0', HOUR_MS);
    const add = async (mine: KeyValueStore): Promise<void> => {
      for (;;) {
        const seen = (await mine.get(key))!;
        if (await mine.replace(key, seen, `${Number(seen) + 1}`, HOUR_MS)) return;
      }
    };
    await Promise.all(Array.from({ length: 24 }, (_, i) => add(subject().stores[i % 2]!)));
    expect(await store().get(key)).toBe('24');
  });

  it('lets one of many that replace the same value do it', async () => {
    const key = fresh();
    await store().put(key, 'free', HOUR_MS);
    const tries = Array.from({ length: 50 }, (_, i) =>
      subject().stores[i % 2]!.replace(key, 'free', `owner ${i}`, HOUR_MS),
    );
    const won = await Promise.all(tries);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await store().get(key)).toBe(`owner ${won.indexOf(true)}`);
  });

  it('deletes what is there, and only what was expected', async () => {
    const key = fresh();
    expect(await store().delete(key)).toBe(false);
    await store().put(key, '', HOUR_MS);
    expect(await store().delete(key, 'other')).toBe(false);
    expect(await store().get(key)).toBe('');
    expect(await store().delete(key, '')).toBe(true);
    await store().put(key, '2', HOUR_MS);
    expect(await store().delete(key)).toBe(true);
    expect(await store().get(key)).toBeUndefined();
  });

  it('lets an entry go when its time has passed, and no other', async () => {
    const [brief, lasting] = [fresh(), fresh()];
    await store().put(lasting, '1', HOUR_MS);
    await store().putIfAbsent(brief, '1', 40);
    await subject().pass(40, async () => (await store().get(brief)) === undefined);
    expect(await store().delete(brief)).toBe(false);
    expect(await store().get(lasting)).toBe('1');
  });

  it.each<[string, string, string, string]>([
    ['a key that is too long', 'k'.repeat(513), 'v', 'LIMIT'],
    ['an empty key', '', 'v', 'INVALID_ARGUMENT'],
    ['a key with NUL', 'a\0b', 'v', 'INVALID_ARGUMENT'],
    ['a key that is not well-formed', 'a\ud800', 'v', 'INVALID_ARGUMENT'],
    ['a value that is too large', 'large', 'é'.repeat(524_289), 'LIMIT'],
    ['a value with NUL', 'nul', '\0', 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_, key, value, code) => {
    await expect(store().put(key, value, HOUR_MS)).rejects.toMatchObject({ code });
    await expect(store().putIfAbsent(key, value, HOUR_MS)).rejects.toMatchObject({ code });
  });

  it('refuses a time to live that is none', async () => {
    for (const ttlMs of [0, -1, Number.NaN, Infinity])
      await expect(store().put('ttl', 'v', ttlMs)).rejects.toThrow(RangeError);
    expect(await store().get('k'.repeat(512))).toBeUndefined();
  });
}

describe('the contract of KeyValueStore', () => {
  const clock = { nowMs: 0 };
  const pass = async (ms: number, isSo: () => Promise<boolean>): Promise<void> => {
    clock.nowMs += ms - 1;
    clock.nowMs += 1;
    expect(await isSo()).toBe(true);
  };

  describe('in memory', () => {
    const store = new MemoryKeyValueStore({}, () => clock.nowMs);
    keepsTheContract(() => ({ stores: [store, store], pass }));
  });

  describe('sealed, in memory', () => {
    const inner = new MemoryKeyValueStore({ maxValueBytes: MAX_SEALED_BYTES }, () => clock.nowMs);
    const [one, other] = [1, 2].map(() => new SealedKeyValueStore(inner, new TestCipher()));
    keepsTheContract(() => ({ stores: [one!, other!], pass }));
  });

  describe('in SQLite', () => {
    let dataDir: string;
    let databases: SqliteDatabase[];
    let stores: SqlKeyValueStore[];

    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'key-values-'));
      databases = [1, 2].map(() => new SqliteDatabase(dataDir, PATIENT));
      stores = databases.map((database) => new SqlKeyValueStore(database));
    });
    afterAll(async () => {
      for (const store of stores) store.onModuleDestroy();
      await Promise.all(databases.map((database) => database.close()));
      await rm(dataDir, { recursive: true });
    });

    keepsTheContract(() => ({ stores: [stores[0]!, stores[1]!], pass: (ms, isSo) => passed(ms, isSo) }));

    it('purges what has expired, and nothing else', async () => {
      const [database] = databases as [SqliteDatabase];
      const count = async (): Promise<number> =>
        (
          await database.run((statement) =>
            statement<{ n: number }>('SELECT count(*) AS n FROM mcp_key_values WHERE expires_at > $1', [Date.now()]),
          )
        ).rows[0]!.n;
      const before = await count();
      const planted = `WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        INSERT INTO mcp_key_values SELECT 'old ' || i, 'v', $1 FROM n`;
      await database.run((statement) => statement(planted, [Date.now() - HOUR_MS]));
      expect(await stores[0]!.purge()).toBeGreaterThanOrEqual(2_500);
      expect([before > 0, await count()]).toEqual([true, before]);
      expect(await stores[0]!.purge()).toBe(0);
    });
  });
});

await describeWith('the contract of KeyValueStore, in Redis', REDIS_URL, () => {
  let prefix: TestPrefix;
  let connections: RedisConnection[];
  let stores: [KeyValueStore, KeyValueStore];

  beforeAll(() => {
    prefix = new TestPrefix();
    connections = [1, 2].map(() => new RedisConnection(REDIS_URL, { ...PATIENT, keyPrefix: prefix.name }));
    stores = [new RedisKeyValueStore(connections[0]!), new RedisKeyValueStore(connections[1]!)];
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await prefix.drop();
  });

  keepsTheContract(() => ({ stores, pass: (ms, isSo) => passed(ms, isSo) }));

  it('gives every key a time to live and the prefix', async () => {
    const keys = await prefix.keys();
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) expect(await prefix.admin.pttl(key)).not.toBe(-1);
  });
});

await describeWith('the contract of KeyValueStore, in PostgreSQL', POSTGRES_URL, () => {
  const schema = new TestSchema();
  let connections: PostgresConnection[];
  let stores: SqlKeyValueStore[];

  beforeAll(async () => {
    await schema.create();
    const settings = { ...PATIENT, schema: schema.name, maxConnections: 4 };
    connections = [1, 2].map(() => new PostgresConnection(POSTGRES_URL, settings));
    stores = connections.map((connection) => new SqlKeyValueStore(connection));
  });
  afterAll(async () => {
    for (const store of stores) store.onModuleDestroy();
    await Promise.all(connections.map((connection) => connection.close()));
    await schema.drop();
  });

  it('makes its table once, when two servers start at the same time', async () => {
    await Promise.all(stores.map((store) => store.get('first')));
    const { rows } = await schema.admin.query(
      `SELECT count(*)::int AS times FROM ${schema.name}.mcp_storage_migrations WHERE name = 'CreateKeyValues1790000000000'`,
    );
    expect(rows).toEqual([{ times: 1 }]);
  });

  keepsTheContract(() => ({ stores: [stores[0]!, stores[1]!], pass: (ms, isSo) => passed(ms, isSo) }));

  it('purges what has expired, and nothing else', async () => {
    const [store] = stores as [SqlKeyValueStore];
    const { rows: before } = await schema.admin.query(
      `SELECT count(*)::int AS live FROM ${schema.name}.mcp_key_values WHERE expires_at > now()`,
    );
    await schema.admin.query(
      `INSERT INTO ${schema.name}.mcp_key_values SELECT 'old ' || n, 'v', now() - interval '1 hour' FROM generate_series(1, 2500) n`,
    );
    expect(await store.purge()).toBeGreaterThanOrEqual(2_500);
    const { rows: after } = await schema.admin.query(`SELECT count(*)::int AS live FROM ${schema.name}.mcp_key_values`);
    expect(after).toEqual(before);
  });

  it('purges by itself, until it is destroyed', async () => {
    const store = new SqlKeyValueStore(connections[0]!, { purgeEveryMs: 5 });
    const plant = (name: string) =>
      schema.admin.query(`INSERT INTO ${schema.name}.mcp_key_values VALUES ($1, 'v', now() - interval '1 hour')`, [
        name,
      ]);
    const isThere = async (name: string): Promise<boolean> =>
      (await schema.admin.query(`SELECT FROM ${schema.name}.mcp_key_values WHERE key = $1`, [name])).rowCount === 1;
    await plant('swept');
    await store.put('begins to keep something', 'v', HOUR_MS);
    await until('the purge', async () => !(await isThere('swept')));
    store.onModuleDestroy();
    await store.purge();
    await plant('left');
    for (let i = 0; i < 50; i++) expect(await isThere('left')).toBe(true);
  });
});

/** Real time: asks until it is so, and sees to it that at least that much time went by. */
async function passed(ms: number, isSo: () => Promise<boolean>): Promise<void> {
  const from = performance.now();
  await until(`${ms} ms and what they bring`, async () => (await isSo()) && performance.now() - from >= ms);
}
