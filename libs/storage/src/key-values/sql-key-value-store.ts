import type { OnModuleDestroy } from '@nestjs/common';
import type { BoundParameters, RunStatement, SqlDatabase, SqlDialect } from '../sql/sql-database.js';
import { checkEntry, checkKey, MAX_VALUE_BYTES } from './entry-rules.js';
import { KeyValueStore } from './key-value-store.js';

export interface SqlKeyValueSettings {
  readonly purgeEveryMs: number;
  /** Largest value, in UTF-8. */
  readonly maxValueBytes: number;
}

/** Tries of a race that somebody else must lose each time for us to try again. */
const MAX_TRIES = 8;
/** Rows one statement deletes, so that none holds many locks for long. */
const PURGE_ROWS = 1_000;
const PURGE_BATCHES = 20;

interface Clock {
  readonly now: string;
  /** The time so many milliseconds from now, as it is kept. */
  after(parameter: string): string;
  /** Rows that somebody has locked are about to live again, or are being deleted by another replica. */
  readonly notLocked: string;
}

const SQLITE_NOW = `CAST(round(unixepoch('subsec') * 1000) AS INTEGER)`;
const CLOCKS: Readonly<Record<SqlDialect, Clock>> = {
  // At the moment the row is looked at, after any wait for it.
  postgres: {
    now: 'clock_timestamp()',
    after: (parameter) => `clock_timestamp() + CAST(${parameter} AS float8) * interval '1 millisecond'`,
    notLocked: 'FOR UPDATE SKIP LOCKED',
  },
  // The wall clock of this machine, when the statement begins: where it is set back, entries live that much longer.
  sqlite: { now: SQLITE_NOW, after: (parameter) => `${SQLITE_NOW} + ${parameter}`, notLocked: '' },
};

/**
 * Entries in the database of the server, shared by all who share that, as durable as it is. Times are by the clock of
 * the database. Rows whose time has passed are absent to every statement and are deleted a few thousand at a time;
 * that begins with the first write, so that whoever keeps nothing does not open the database for it.
 */
export class SqlKeyValueStore extends KeyValueStore implements OnModuleDestroy {
  private readonly table: string;
  private readonly clock: Clock;
  private readonly live: string;
  private readonly settings: SqlKeyValueSettings;
  private purgeTimer?: NodeJS.Timeout;
  private isDestroyed = false;
  private purging?: Promise<number>;

  constructor(
    private readonly database: SqlDatabase,
    settings: Partial<SqlKeyValueSettings> = {},
  ) {
    super();
    this.settings = { purgeEveryMs: 60_000, maxValueBytes: MAX_VALUE_BYTES, ...settings };
    this.table = database.table('mcp_key_values');
    this.clock = CLOCKS[database.dialect];
    this.live = `expires_at > ${this.clock.now}`;
  }

  override async get(key: string): Promise<string | undefined> {
    checkKey(key);
    return this.database.run((statement) => this.find(statement, key));
  }

  override async putIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined> {
    const wholeMs = this.checkWrite(key, value, ttlMs);
    return this.database.run(async (statement) => {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const { count } = await statement(`${this.upsert} WHERE NOT (held.${this.live})`, [key, value, wholeMs]);
        if (count === 1) return undefined;
        // None: it was deleted or expired since the attempt to insert, so that ours may be the one now.
        const held = await this.find(statement, key);
        if (held !== undefined) return held;
      }
      throw new Error(`the entry came and went ${MAX_TRIES} times`);
    });
  }

  override async put(key: string, value: string, ttlMs: number): Promise<void> {
    const wholeMs = this.checkWrite(key, value, ttlMs);
    await this.database.run((statement) => statement(this.upsert, [key, value, wholeMs]));
  }

  override async replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean> {
    const wholeMs = this.checkWrite(key, value, ttlMs);
    return this.changesOne(
      `UPDATE ${this.table} SET value = $2, expires_at = ${this.clock.after('$3')} WHERE key = $1 AND value = $4 AND ${this.live}`,
      [key, value, wholeMs, expected],
    );
  }

  override async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key);
    return this.changesOne(
      `DELETE FROM ${this.table} WHERE key = $1 AND (CAST($2 AS text) IS NULL OR value = $2) AND ${this.live}`,
      [key, expected ?? null],
    );
  }

  /** Deletes rows whose time has passed, a bounded number of them; one purge runs at a time. @returns how many */
  purge(): Promise<number> {
    this.purging ??= this.deleteExpired().finally(() => (this.purging = undefined));
    return this.purging;
  }

  onModuleDestroy(): void {
    this.isDestroyed = true;
    clearInterval(this.purgeTimer);
  }

  /** @returns the time to live in whole milliseconds */
  private checkWrite(key: string, value: string, ttlMs: number): number {
    const wholeMs = checkEntry(key, value, ttlMs, this.settings.maxValueBytes);
    // A failed purge is made up for by the next one; reads do not depend on it.
    if (!this.isDestroyed)
      this.purgeTimer ??= setInterval(
        () => void this.purge().catch(() => undefined),
        this.settings.purgeEveryMs,
      ).unref();
    return wholeMs;
  }

  private get upsert(): string {
    return `INSERT INTO ${this.table} AS held (key, value, expires_at) VALUES ($1, $2, ${this.clock.after('$3')})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`;
  }

  private async find(statement: RunStatement, key: string): Promise<string | undefined> {
    const sql = `SELECT value FROM ${this.table} WHERE key = $1 AND ${this.live}`;
    const { rows } = await statement<{ value: string }>(sql, [key]);
    return rows[0]?.value;
  }

  private async changesOne(sql: string, parameters: BoundParameters): Promise<boolean> {
    return (await this.database.run((statement) => statement(sql, parameters))).count === 1;
  }

  private async deleteExpired(): Promise<number> {
    const sql = `DELETE FROM ${this.table} WHERE key IN (
      SELECT key FROM ${this.table} WHERE NOT (${this.live}) ORDER BY expires_at LIMIT $1 ${this.clock.notLocked})`;
    let deleted = 0;
    for (let batch = 0; batch < PURGE_BATCHES; batch++) {
      const { count } = await this.database.run((statement) => statement(sql, [PURGE_ROWS]));
      deleted += count;
      if (count < PURGE_ROWS) break;
    }
    return deleted;
  }
}
