import type { RedisConnection } from '../services/redis-connection.js';
import { redisScript } from '../services/redis-script.js';
import { checkEntry, checkKey, MAX_VALUE_BYTES } from './entry-rules.js';
import { KeyValueStore } from './key-value-store.js';

const PUT_IF_ABSENT = redisScript(`
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false`);

const REPLACE = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

const DELETE_EXPECTED = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);

/**
 * Entries in Redis, shared by every replica. They are as durable as that Redis; its `maxmemory-policy` must be
 * `noeviction`, or it forgets entries before their time.
 */
export class RedisKeyValueStore extends KeyValueStore {
  /** @param maxValueBytes largest value, in UTF-8 */
  constructor(
    private readonly redis: RedisConnection,
    private readonly maxValueBytes = MAX_VALUE_BYTES,
  ) {
    super();
  }

  override async get(key: string): Promise<string | undefined> {
    checkKey(key);
    return (await this.redis.run(keyOf(key), (redis, name) => redis.get(name))) ?? undefined;
  }

  override async putIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined> {
    const wholeMs = checkEntry(key, value, ttlMs, this.maxValueBytes);
    const held = await this.redis.evaluate(PUT_IF_ABSENT, keyOf(key), value, wholeMs);
    return typeof held === 'string' ? held : undefined;
  }

  override async put(key: string, value: string, ttlMs: number): Promise<void> {
    const wholeMs = checkEntry(key, value, ttlMs, this.maxValueBytes);
    await this.redis.run(keyOf(key), (redis, name) => redis.set(name, value, 'PX', wholeMs));
  }

  override async replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean> {
    const wholeMs = checkEntry(key, value, ttlMs, this.maxValueBytes);
    return (await this.redis.evaluate(REPLACE, keyOf(key), expected, value, wholeMs)) === 1;
  }

  override async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key);
    if (expected !== undefined) return (await this.redis.evaluate(DELETE_EXPECTED, keyOf(key), expected)) === 1;
    return (await this.redis.run(keyOf(key), (redis, name) => redis.del(name))) === 1;
  }
}

/** Apart from the counters, which share the connection. */
const keyOf = (key: string): string => `kv:${key}`;
