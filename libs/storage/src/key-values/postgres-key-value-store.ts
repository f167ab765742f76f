import type { OnModuleDestroy } from '@nestjs/common';
import type { PostgresConnection } from '../services/postgres-connection.js';
import type { BoundParameters, RunStatement } from '../sql/sql-database.js';
import { checkEntry, checkKey } from './entry-rules.js';
import { KeyValueStore } from './key-value-store.js';

/** Tries of a race that somebody else must lose each time for us to try again. */
const MAX_TRIES = 8;
/** Rows one statement deletes, so that none holds many locks for long. */
const PURGE_ROWS = 1_000;
const PURGE_BATCHES = 20;

/** By the clock of the database, at the moment the row is looked at, after any wait for it. */
const LIVE = 'expires_at > clock_timestamp()';
const expiry = (parameter: string): string => `clock_timestamp() + ${parameter}::float8 * interval '1 millisecond'`;

/**
 * Entries in PostgreSQL, shared by every replica, as durable as the database. Rows whose time has passed are absent to
 * every statement and are deleted a few thousand at a time.
 */
export class PostgresKeyValueStore extends KeyValueStore implements OnModuleDestroy {
  private readonly table: string;
  private readonly purgeTimer: NodeJS.Timeout;
  private purging?: Promise<number>;

  constructor(
    private readonly postgres: PostgresConnection,
    { purgeEveryMs = 60_000 }: { readonly purgeEveryMs?: number } = {},
  ) {
    super();
    this.table = postgres.table('mcp_key_values');
    // A failed purge is made up for by the next one; reads do not depend on it.
    this.purgeTimer = setInterval(() => void this.purge().catch(() => undefined), purgeEveryMs).unref();
  }

  override async get(key: string): Promise<string | undefined> {
    checkKey(key);
    return this.postgres.run((statement) => this.find(statement, key));
  }

  override async putIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined> {
    const wholeMs = checkEntry(key, value, ttlMs);
    return this.postgres.run(async (statement) => {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const { count } = await statement(`${this.upsert} WHERE NOT (held.${LIVE})`, [key, value, wholeMs]);
        if (count === 1) return undefined;
        // None: it was deleted or expired since the attempt to insert, so that ours may be the one now.
        const held = await this.find(statement, key);
        if (held !== undefined) return held;
      }
      throw new Error(`the entry came and went ${MAX_TRIES} times`);
    });
  }

  override async put(key: string, value: string, ttlMs: number): Promise<void> {
    const wholeMs = checkEntry(key, value, ttlMs);
    await this.postgres.run((statement) => statement(this.upsert, [key, value, wholeMs]));
  }

  override async replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean> {
    const wholeMs = checkEntry(key, value, ttlMs);
    return this.changesOne(
      `UPDATE ${this.table} SET value = $2, expires_at = ${expiry('$3')} WHERE key = $1 AND value = $4 AND ${LIVE}`,
      [key, value, wholeMs, expected],
    );
  }

  override async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key);
    return this.changesOne(
      `DELETE FROM ${this.table} WHERE key = $1 AND ($2::text IS NULL OR value = $2) AND ${LIVE}`,
      [key, expected ?? null],
    );
  }

  /** Deletes rows whose time has passed, a bounded number of them; one purge runs at a time. @returns how many */
  purge(): Promise<number> {
    this.purging ??= this.deleteExpired().finally(() => (this.purging = undefined));
    return this.purging;
  }

  onModuleDestroy(): void {
    clearInterval(this.purgeTimer);
  }

  private get upsert(): string {
    return `INSERT INTO ${this.table} AS held (key, value, expires_at) VALUES ($1, $2, ${expiry('$3')})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`;
  }

  private async find(statement: RunStatement, key: string): Promise<string | undefined> {
    const sql = `SELECT value FROM ${this.table} WHERE key = $1 AND ${LIVE}`;
    const { rows } = await statement<{ value: string }>(sql, [key]);
    return rows[0]?.value;
  }

  private async changesOne(sql: string, parameters: BoundParameters): Promise<boolean> {
    return (await this.postgres.run((statement) => statement(sql, parameters))).count === 1;
  }

  private async deleteExpired(): Promise<number> {
    // Rows that somebody has locked are about to live again, or are being deleted by another replica.
    const sql = `DELETE FROM ${this.table} WHERE key IN (
      SELECT key FROM ${this.table} WHERE NOT (${LIVE}) ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;
    let deleted = 0;
    for (let batch = 0; batch < PURGE_BATCHES; batch++) {
      const { count } = await this.postgres.run((statement) => statement(sql, [PURGE_ROWS]));
      deleted += count;
      if (count < PURGE_ROWS) break;
    }
    return deleted;
  }
}
