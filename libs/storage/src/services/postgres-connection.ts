import type { OnModuleDestroy } from '@nestjs/common';
import type { Client, ClientConfig } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { type RunStatement, SqlDatabase, type BoundParameters } from '../sql/sql-database.js';
import { BoundedOperations } from './bounded-operations.js';
import { LazyConnection } from './lazy-connection.js';
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
export class PostgresConnection extends SqlDatabase implements OnModuleDestroy {
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
        const result = await work(statementOf(runner));
        await runner.commitTransaction();
        return result;
      });
    });
  }

  /** Connects where it has not yet, and asks for a sign of life. @throws ServerError POLICY_UNAVAILABLE or OVERLOADED */
  override async ping(): Promise<void> {
    await this.run((statement) => statement('SELECT $1::int', [1]));
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  onModuleDestroy(): Promise<void> {
    return this.close();
  }

  private async dial(): Promise<DataSource> {
    const [{ default: pg }, { DataSource }, { CreateKeyValues1790000000000 }] = await Promise.all([
      import('pg'),
      import('typeorm'),
      import('./create-key-values.migration.js'),
    ]);
    const { operationTimeoutMs, connectionName, schema, maxConnections } = this.settings;
    // Between two owners a client has no listener for an error, and one that comes then would end the process.
    class ListeningClient extends pg.Client {
      constructor(config?: ClientConfig) {
        super(config);
        this.on('error', () => undefined);
      }
    }
    const source = new DataSource({
      type: 'postgres',
      url: this.url,
      schema,
      applicationName: connectionName,
      // One holds the lock while another migrates.
      poolSize: Math.max(2, maxConnections),
      connectTimeoutMS: operationTimeoutMs,
      migrations: [CreateKeyValues1790000000000],
      migrationsTableName: 'mcp_storage_migrations',
      // Every failure reaches the operation it belongs to; an idle connection that breaks is simply replaced.
      poolErrorHandler: () => undefined,
      logging: false,
      extra: {
        Client: ListeningClient,
        query_timeout: operationTimeoutMs,
        statement_timeout: operationTimeoutMs,
        keepAlive: true,
      },
    });
    await source.initialize();
    try {
      await withRunner(source, undefined, async (runner) => {
        await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
        await source.runMigrations({ transaction: 'each' });
        await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      });
    } catch (error) {
      await hangUp(source);
      throw error;
    }
    return source;
  }
}

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
