import type { OnApplicationShutdown } from '@nestjs/common';
import type { Client } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import type { MigratedDatabase, MigrationStatus } from '../migrations/migration-status.js';
import { NEWER_DATABASE, newerDatabase } from '../migrations/newer-database.js';
import { type RunStatement, SqlDatabase, type BoundParameters } from '../sql/sql-database.js';
import { BoundedOperations } from './bounded-operations.js';
import { LazyConnection } from './lazy-connection.js';
import { postgresSource } from './postgres-source.js';
import { SERVICE_DEFAULTS, type ServiceSettings } from './service-settings.js';

export interface PostgresSettings extends ServiceSettings {
  readonly schema: string;
  readonly maxConnections: number;
}

/** Any number, as long as every replica takes the same: only one of them changes the tables at a time. */
const MIGRATION_LOCK = 7_461_993_015;

/**
 * The server's connections to PostgreSQL: a TypeORM data source, loaded and opened when first needed, its migrations
 * run. An operation that fails gives its connection up, so that one that hangs is not handed to the next.
 */
export class PostgresConnection extends SqlDatabase implements MigratedDatabase, OnApplicationShutdown {
  override readonly dialect = 'postgres';
  private readonly settings: PostgresSettings;
  private readonly operations: BoundedOperations;
  private readonly connection: LazyConnection<DataSource>;

  /** @param url postgres: */
  constructor(
    private readonly url: string,
    settings: Partial<PostgresSettings> = {},
    now: () => number = () => performance.now(),
  ) {
    super();
    this.settings = { ...SERVICE_DEFAULTS, schema: 'public', maxConnections: 8, ...settings };
    const { operationTimeoutMs, maxRunning, retryGapMs } = this.settings;
    this.operations = new BoundedOperations('the database', operationTimeoutMs, maxRunning);
    this.connection = new LazyConnection(() => this.dial(), hangUp, retryGapMs, now);
  }

  override table(name: string): string {
    return `"${this.settings.schema.replaceAll('"', '""')}".${name}`;
  }

  /** @throws ServerError POLICY_UNAVAILABLE or OVERLOADED */
  override run<T>(work: (statement: RunStatement) => Promise<T>): Promise<T> {
    return this.operations.run(async (signal) => {
      const source = await this.connection.get();
      return withRunner(source, signal, (runner) => work(statementOf(runner)));
    });
  }

  /** Work that fails gives its connection up, and with it goes what was not committed. */
  override transaction<T>(work: (statement: RunStatement) => Promise<T>): Promise<T> {
    return this.operations.run(async (signal) => {
      const source = await this.connection.get();
      return withRunner(source, signal, async (runner) => {
        await runner.startTransaction();
        const statement = statementOf(runner);
        let failure: { readonly error: unknown } | undefined;
        const result = await work(async (sql, parameters) => {
          try {
            return await statement(sql, parameters);
          } catch (error) {
            failure ??= { error };
            throw error;
          }
        });
        // PostgreSQL would answer the commit by rolling back, and not call that an error.
        if (failure !== undefined) throw failure.error;
        await runner.commitTransaction();
        return result;
      });
    });
  }

  /** Connects where it has not yet, and asks for a sign of life. @throws ServerError POLICY_UNAVAILABLE or OVERLOADED */
  override async ping(): Promise<void> {
    await this.run((statement) => statement('SELECT $1::int', [1]));
  }

  migrationStatus(): Promise<MigrationStatus> {
    return this.apart(async (source) => {
      const { statusOf } = await import('../migrations/table-history.js');
      return inTables(source, (runner) => statusOf(source, runner));
    });
  }

  migrateBack(count: number): Promise<readonly string[]> {
    return this.apart(async (source) => {
      const { takeBack } = await import('../migrations/table-history.js');
      return changeTables(source, (runner) => takeBack(source, runner, count));
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** Last of all: what others have to say at their end, they say here. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private async dial(): Promise<DataSource> {
    const source = await this.open();
    try {
      const { isBehind, migrate } = await import('../migrations/table-history.js');
      if (await inTables(source, (runner) => isBehind(source, runner)))
        await changeTables(source, (runner) => migrate(source, runner));
      return source;
    } catch (error) {
      await hangUp(source);
      throw error;
    }
  }

  private async open(): Promise<DataSource> {
    const source = await postgresSource(this.url, this.settings, (name) => this.table(name));
    return source.initialize();
  }

  /** Connections of its own, for what is asked of a database that may not be fit for use. */
  private apart<T>(ask: (source: DataSource) => Promise<T>): Promise<T> {
    return this.operations.run(async () => {
      const source = await this.open();
      try {
        return await ask(source);
      } finally {
        await hangUp(source);
      }
    });
  }
}

/** @throws ServerError for tables of a newer server */
async function inTables<T>(source: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  try {
    return await withRunner(source, undefined, work);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NEWER_DATABASE) throw newerDatabase(error);
    throw error;
  }
}

/** Together or not at all, and by one process at a time. */
const changeTables = <T>(source: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> =>
  inTables(source, async (runner) => {
    await runner.startTransaction();
    await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const result = await work(runner);
    await runner.commitTransaction();
    return result;
  });

const statementOf =
  (runner: QueryRunner): RunStatement =>
  async <Row>(sql: string, parameters: BoundParameters) => {
    const { records, affected } = await runner.query(sql, [...parameters], true);
    return { rows: records as Row[], count: affected ?? 0 };
  };

/** Work on one connection, which is ended when the work fails, whatever the reason: with it end locks and waits. */
async function withRunner<T>(
  source: DataSource,
  signal: AbortSignal | undefined,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    const client = (await runner.connect()) as Client;
    // Its turn came too late: the connection is as good as it was.
    signal?.throwIfAborted();
    try {
      return await work(runner);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  } finally {
    await runner.release();
  }
}

async function hangUp(source: DataSource): Promise<void> {
  try {
    await source.destroy();
  } catch {
    // Broken already: the sockets are gone.
  }
}
