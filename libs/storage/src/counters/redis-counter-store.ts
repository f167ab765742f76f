import type { RedisConnection } from '../services/redis-connection.js';
import { redisScript } from '../services/redis-script.js';
import { checkCounter, CounterStore, type Taken } from './counter-store.js';

/**
 * The window is a sorted set of the times of its calls, in microseconds by the clock of Redis. Where that clock was set
 * back, a time may be there already: the call is then dated to the next free one, for each must be a member of its own.
 * The set outlives its last call by a second, for Redis expires keys by a coarser clock than it tells.
 */
const TAKE = redisScript(`
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000
if limit == 0 then return {0, 0, window, window} end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function text(time) return string.format('%.0f', time) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - window))
local held = redis.call('ZCARD', KEYS[1])
if held >= limit then
  local blocking = redis.call('ZRANGE', KEYS[1], held - limit, held - limit, 'WITHSCORES')
  local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  return {0, 0, blocking[2] + window - now, newest[2] + window - now}
end
local time = now
while redis.call('ZADD', KEYS[1], 'NX', text(time), text(time)) == 0 do time = time + 1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2] + 1000)
return {1, limit - held - 1, 0, window}`);

/** Counters in Redis, one quota for all replicas. Exact to the microsecond of its clock. */
export class RedisCounterStore extends CounterStore {
  constructor(private readonly redis: RedisConnection) {
    super();
  }

  override async take(key: string, limit: number, windowMs: number): Promise<Taken> {
    checkCounter(key, limit, windowMs);
    // Apart from key-values, which share the connection, and from windows of another length.
    const answer = await this.redis.evaluate(TAKE, `count:${windowMs}:${key}`, limit, windowMs);
    const [allowed, remaining, retryAfterUs, resetAfterUs] = answer as [number, number, number, number];
    return {
      allowed: allowed === 1,
      remaining,
      retryAfterMs: Math.ceil(retryAfterUs / 1_000),
      resetAfterMs: Math.ceil(resetAfterUs / 1_000),
    };
  }
}
