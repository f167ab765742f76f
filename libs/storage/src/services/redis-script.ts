import { createHash } from 'node:crypto';

/** A Lua script and the name Redis knows it by once it ran. */
export interface RedisScript {
  readonly source: string;
  readonly sha1: string;
}

export const redisScript = (source: string): RedisScript => ({
  source,
  sha1: createHash('sha1').update(source).digest('hex'),
});
