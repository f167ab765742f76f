import type { Settings } from '@app/config';
import { AppLog, createRootLogger } from '@app/logging';
import { ServerError } from '@app/mcp';
import { DurableAudit, type SecurityEvent, type SecurityEvents } from '@app/security';
import {
  type KeyValueStore,
  MAX_SEALED_BYTES,
  MAX_VALUE_BYTES,
  PostgresConnection,
  RedisConnection,
  RedisKeyValueStore,
  SealedKeyValueStore,
  type SqlDatabase,
  SqliteDatabase,
  SqlKeyValueStore,
} from '@app/storage';
import { dataCipherOf } from './data-cipher.js';

/** Who acts on the command line, as records name him. */
export const OPERATOR = 'operator at the command line';

/** What the server keeps, opened when it is asked for and closed at the end. */
export class Kept implements AsyncDisposable {
  readonly database: SqlDatabase & { close(): Promise<void> };
  private redis?: RedisConnection;
  private opened?: Promise<DurableAudit>;

  constructor(private readonly settings: Settings) {
    const { dataDir, databaseUrl } = settings.storage;
    this.database = databaseUrl === undefined ? new SqliteDatabase(dataDir) : new PostgresConnection(databaseUrl);
  }

  /** Where the running server looks too, sealed as it expects it. */
  async store(): Promise<KeyValueStore> {
    const { storage } = this.settings;
    const cipher = await dataCipherOf(storage);
    const maxValueBytes = cipher === undefined ? MAX_VALUE_BYTES : MAX_SEALED_BYTES;
    const store =
      storage.redisUrl === undefined
        ? new SqlKeyValueStore(this.database, { maxValueBytes })
        : new RedisKeyValueStore((this.redis ??= new RedisConnection(storage.redisUrl)), maxValueBytes);
    return cipher === undefined ? store : new SealedKeyValueStore(store, cipher);
  }

  /**
   * A run of its own in the audit, beside those of servers.
   * @throws ServerError POLICY_UNAVAILABLE when it cannot be opened
   */
  audit(): Promise<DurableAudit> {
    return (this.opened ??= this.openAudit());
  }

  /** For who records only what changes: to look around begins no run. */
  readonly events: Pick<SecurityEvents, 'record'> = {
    record: async (event: SecurityEvent) => (await this.audit()).events.record(event),
  };

  record(event: SecurityEvent): Promise<void> {
    return this.events.record({ subject: OPERATOR, ...event });
  }

  /** Who asked for an audit that did not open was told so. */
  async [Symbol.asyncDispose](): Promise<void> {
    const audit = await this.opened?.catch(() => undefined);
    try {
      await audit?.close();
      await this.redis?.close();
    } finally {
      await this.database.close();
    }
  }

  private async openAudit(): Promise<DurableAudit> {
    const { logger } = createRootLogger({ ...this.settings.log, level: 'silent', stream: 'stderr' });
    const audit = new DurableAudit(this.database, this.settings.storage.dataDir, new AppLog(logger));
    try {
      await audit.start();
    } catch (error) {
      if (error instanceof ServerError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      const why = `The audit in DATA_DIR cannot be opened (${code ?? message}).`;
      throw new ServerError('POLICY_UNAVAILABLE', why, { cause: error });
    }
    return audit;
  }
}
