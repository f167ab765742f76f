import { randomBytes } from 'node:crypto';
import { describe } from '@jest/globals';
import pg from 'pg';
import { PostgresConnection, type SqlDatabase, SqliteDatabase } from '@app/storage';
import { describeWith, POSTGRES_URL } from '../../libs/storage/src/fixtures/services.js';

/** A database of a server under test, that outlives the server. */
export interface AuditDatabase {
  /** Settings by which the server finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** A connection beside the server's. */
  open(): SqlDatabase & { close(): Promise<void> };
  drop(): Promise<void>;
}

/** @param dataDir of the server, for a database that is a file in it */
export type NewDatabase = (dataDir: string) => Promise<AuditDatabase>;

export const newSqlite: NewDatabase = async (dataDir) => ({
  env: {},
  open: () => new SqliteDatabase(dataDir),
  drop: () => Promise.resolve(),
});

/** @param password stands in the URL; the server of the tests trusts everybody and does not ask for it */
export async function newPostgres(password?: string): Promise<AuditDatabase> {
  const name = `mcp_audit_${randomBytes(6).toString('hex')}`;
  await asOwner(`CREATE DATABASE ${name}`);
  const url = new URL(POSTGRES_URL);
  url.pathname = name;
  if (password !== undefined) url.password = password;
  return {
    env: { DATABASE_URL: url.href },
    open: () => new PostgresConnection(url.href, { maxConnections: 2, operationTimeoutMs: 20_000 }),
    drop: () => asOwner(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function asOwner(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The same tests on each database. PostgreSQL may be missing, but not on the build machine. */
export async function describeDatabases(name: string, tests: (create: NewDatabase) => void): Promise<void> {
  describe(`${name} in SQLite`, () => {
    tests(newSqlite);
  });
  await describeWith(`${name} in PostgreSQL`, POSTGRES_URL, () => {
    tests(() => newPostgres());
  });
}
