// Runs in the server and in the thread of the embedded database, there as it stands here where nothing is compiled:
// only syntax that can be erased, and no import of a value but from a package.
import { type DataSource, type Logger, MigrationExecutor, type MigrationInterface, type QueryRunner } from 'typeorm';
import type { MigrationStatus } from './migration-status.js';
import type { NEWER_DATABASE } from './newer-database.js';
import type { SchemaChange } from './schema-change.js';

export const MIGRATIONS_TABLE = 'mcp_storage_migrations';

/** TypeORM prints some failures whatever it is told, on stdout, which can be where the protocol is spoken. */
export const SILENT: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/** The classes TypeORM takes. */
export const migrationsOf = (changes: readonly SchemaChange[]): (new () => MigrationInterface)[] =>
  changes.map(
    (change) =>
      class implements MigrationInterface {
        readonly name = change.name;

        async up(runner: QueryRunner): Promise<void> {
          for (const sql of change.up) await runner.query(sql);
        }

        async down(runner: QueryRunner): Promise<void> {
          for (const sql of change.down) await runner.query(sql);
        }
      },
  );

export async function statusOf(source: DataSource, runner: QueryRunner): Promise<MigrationStatus> {
  const executor = new MigrationExecutor(source, runner);
  const done = (await executor.getExecutedMigrations()).map(({ name }) => name).reverse();
  const known = source.migrations.map(({ name }) => name!);
  return {
    applied: done,
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  };
}

/** Needs no lock. @throws Error for tables of a newer server */
export async function isBehind(source: DataSource, runner: QueryRunner): Promise<boolean> {
  return (await knownStatusOf(source, runner)).pending.length > 0;
}

/**
 * In the transaction that is open, under a lock that keeps others from doing the same.
 * @throws Error for tables of a newer server
 */
export async function migrate(source: DataSource, runner: QueryRunner): Promise<void> {
  // Somebody else may have done it while we waited for the lock.
  if (!(await isBehind(source, runner))) return;
  const executor = new MigrationExecutor(source, runner);
  executor.transaction = 'none';
  await executor.executePendingMigrations();
}

/** In the transaction that is open, under the lock. @returns what was taken back, newest first @throws Error, RangeError */
export async function takeBack(source: DataSource, runner: QueryRunner, count: number): Promise<string[]> {
  // Anything else would be cut out of the list in some other way, and what it cuts is lost.
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`${count} is no number of migrations`);
  const { applied } = await knownStatusOf(source, runner);
  const executor = new MigrationExecutor(source, runner);
  executor.transaction = 'none';
  const last = applied.slice(Math.max(0, applied.length - count)).reverse();
  for (const _ of last) await executor.undoLastMigration();
  return last;
}

async function knownStatusOf(source: DataSource, runner: QueryRunner): Promise<MigrationStatus> {
  const status = await statusOf(source, runner);
  if (status.unknown.length === 0) return status;
  const code: typeof NEWER_DATABASE = 'NEWER_DATABASE';
  throw Object.assign(new Error(status.unknown.join(', ')), { code });
}
