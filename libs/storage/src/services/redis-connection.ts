import type { OnModuleDestroy } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { BoundedOperations } from './bounded-operations.js';
import { LazyConnection } from './lazy-connection.js';
import type { RedisScript } from './redis-script.js';
import { SERVICE_DEFAULTS, type ServiceSettings } from './service-settings.js';

export interface RedisSettings extends ServiceSettings {
  /** Before every key, so that several servers can share one Redis. */
  readonly keyPrefix: string;
}

/**
 * The server's connection to Redis. It is made on demand, and again when it broke: nothing is queued meanwhile and
 * nothing is sent twice, so an operation that was under way when it broke fails, and may have happened.
 */
export class RedisConnection implements OnModuleDestroy {
  private readonly settings: RedisSettings;
  private readonly operations: BoundedOperations;
  private readonly connection: LazyConnection<Redis>;

  /** @param url redis: or rediss: */
  constructor(
    private readonly url: string,
    settings: Partial<RedisSettings> = {},
    now: () => number = () => performance.now(),
  ) {
    this.settings = { ...SERVICE_DEFAULTS, keyPrefix: 'mcp-software-engineer:', ...settings };
    const { operationTimeoutMs, maxRunning, retryGapMs } = this.settings;
    this.operations = new BoundedOperations('Redis', operationTimeoutMs, maxRunning);
    this.connection = new LazyConnection(
      () => this.dial(),
      (redis) => redis.disconnect(),
      retryGapMs,
      now,
    );
  }

  /**
   * @param work gets the client and the full name of the key
   * @throws ServerError POLICY_UNAVAILABLE or OVERLOADED
   */
  run<T>(key: string, work: (redis: Redis, name: string) => Promise<T>): Promise<T> {
    return this.operations.run(async (signal) => {
      const redis = await this.connection.get();
      signal.throwIfAborted();
      return work(redis, this.settings.keyPrefix + key);
    });
  }

  /** Runs a script on one key; the script is sent whole only where Redis does not know it. */
  evaluate(script: RedisScript, key: string, ...parameters: (string | number)[]): Promise<unknown> {
    return this.run(key, async (redis, name) => {
      try {
        return await redis.evalsha(script.sha1, 1, name, ...parameters);
      } catch (error) {
        // Refused before it ran, so that running it now is the first time.
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await redis.eval(script.source, 1, name, ...parameters);
      }
    });
  }

  /** Connects where it has not yet, and asks for a sign of life. @throws ServerError POLICY_UNAVAILABLE or OVERLOADED */
  async ping(): Promise<void> {
    await this.run('', (redis) => redis.ping());
  }

  /** Ends the connection; what is under way fails. */
  close(): Promise<void> {
    return this.connection.close();
  }

  onModuleDestroy(): Promise<void> {
    return this.close();
  }

  private async dial(): Promise<Redis> {
    const { Redis } = await import('ioredis');
    const { operationTimeoutMs, connectionName } = this.settings;
    const redis = new Redis(this.url, {
      lazyConnect: true,
      connectionName,
      connectTimeout: operationTimeoutMs,
      commandTimeout: operationTimeoutMs,
      // A connection that stopped answering is given up: its replies would come too late for everybody.
      socketTimeout: operationTimeoutMs,
      disconnectTimeout: 100,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: null,
    });
    // Every failure reaches the operation it belongs to; without a listener the client would print it.
    redis.on('error', () => undefined);
    redis.on('end', () => void this.connection.lose(redis));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('no connection in time')), operationTimeoutMs).unref();
    try {
      await Promise.race([redis.connect(), late.promise]);
    } catch (error) {
      redis.disconnect();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return redis;
  }
}
