import type { ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { schemaChanges } from '../migrations/schema-changes.js';
import type { PostgresSettings } from './postgres-connection.js';

/** A TypeORM data source on PostgreSQL, not opened yet. Its packages are loaded here, so that who has no such database does not. */
export async function postgresSource(
  url: string,
  { operationTimeoutMs, connectionName, schema, maxConnections }: PostgresSettings,
  table: (name: string) => string,
): Promise<DataSource> {
  const [{ default: pg }, { DataSource }, { migrationsOf, MIGRATIONS_TABLE, SILENT }] = await Promise.all([
    import('pg'),
    import('typeorm'),
    import('../migrations/table-history.js'),
  ]);
  // Between two owners a client has no listener for an error, and one that comes then would end the process.
  class ListeningClient extends pg.Client {
    constructor(config?: ClientConfig) {
      super(config);
      this.on('error', () => undefined);
    }
  }
  return new DataSource({
    type: 'postgres',
    url,
    schema,
    applicationName: connectionName,
    poolSize: maxConnections,
    connectTimeoutMS: operationTimeoutMs,
    migrations: migrationsOf(schemaChanges('postgres', table)),
    migrationsTableName: MIGRATIONS_TABLE,
    // Every failure reaches the operation it belongs to; an idle connection that breaks is simply replaced.
    poolErrorHandler: () => undefined,
    logger: SILENT,
    extra: {
      Client: ListeningClient,
      query_timeout: operationTimeoutMs,
      statement_timeout: operationTimeoutMs,
      keepAlive: true,
    },
  });
}
