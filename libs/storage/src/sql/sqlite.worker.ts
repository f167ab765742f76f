// The thread of the embedded database. Where nothing is compiled it runs as it stands here: only syntax that can be
// erased, and no import of a value but from a package.
import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { DataSource, type QueryRunner } from 'typeorm';
import type { SchemaChange } from '../migrations/schema-change.js';
import type { SqlValue } from './sql-database.js';

/** What the thread is started with. */
export interface SqliteFile {
  readonly path: string;
  /** Waits for another process that writes, at most this long. */
  readonly busyTimeoutMs: number;
  /** The same while it is opened, when the other may be changing the tables. */
  readonly openTimeoutMs: number;
  /** A file of at most this size is looked through when it is opened. */
  readonly checkedBytes: number;
  readonly changes: readonly SchemaChange[];
}

export type Question =
  | { readonly act: 'open' | 'migrate' | 'status' | 'begin' | 'commit' | 'rollback' }
  | { readonly act: 'take back'; readonly count: number }
  | { readonly act: 'statement'; readonly sql: string; readonly parameters: readonly SqlValue[] };

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** Of an error only what holds none of the values that were sent. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
}

export type Answered = { readonly id: number } & (
  { readonly answer: unknown; readonly failure?: undefined } | { readonly failure: Failure }
);

const BUSY_PAUSE_MS = 20;
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const history: typeof import('../migrations/table-history.js') = await import(
  `../migrations/table-history${extension}`
);
const { path, busyTimeoutMs, openTimeoutMs, checkedBytes, changes } = workerData as SqliteFile;

let database: Database | undefined;
const source = new DataSource({
  type: 'better-sqlite3',
  database: path,
  // Made beforehand, with the right mode.
  fileMustExist: true,
  timeout: openTimeoutMs,
  migrations: history.migrationsOf(changes),
  migrationsTableName: history.MIGRATIONS_TABLE,
  logger: history.SILENT,
  prepareDatabase: async (opened: Database) => {
    database = opened;
    await toWriteAheadLog(opened);
    // What was answered must survive a power failure: an approval used twice or a revoked key that lives again would
    // be worse than a write that takes one flush of the disk longer.
    opened.pragma('synchronous = FULL');
    opened.pragma('foreign_keys = ON');
    opened.pragma('trusted_schema = OFF');
    // What is deleted is gone from the file as well.
    opened.pragma('secure_delete = ON');
    opened.pragma('journal_size_limit = 67108864');
    checkWhole(opened);
  },
});
let runner: QueryRunner;

/** Where several processes do this at once, SQLite refuses all but one without waiting. */
async function toWriteAheadLog(opened: Database): Promise<void> {
  const untilMs = performance.now() + openTimeoutMs;
  for (;;)
    try {
      opened.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!codeOf(error)?.startsWith('SQLITE_BUSY') || performance.now() > untilMs) throw error;
      await setTimeout(BUSY_PAUSE_MS);
    }
}

/** A damaged page is otherwise only found by whoever needs what was in it. */
function checkWhole(opened: Database): void {
  const pages = Number(opened.pragma('page_count', { simple: true }));
  if (pages * Number(opened.pragma('page_size', { simple: true })) > checkedBytes) return;
  const found = opened.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { code: 'SQLITE_CORRUPT' });
}

async function open(): Promise<void> {
  await source.initialize();
  runner = source.createQueryRunner();
}

/** Nobody else, in this process or another, writes meanwhile; all of it happens, or nothing. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  await runner.query('BEGIN EXCLUSIVE');
  try {
    const result = await work();
    await runner.query('COMMIT');
    return result;
  } catch (error) {
    if (database?.inTransaction === true) await runner.query('ROLLBACK');
    throw error;
  }
}

/** SQLite calls `$1` a named parameter. Whole numbers go as such: the driver would make 7 a 7.0. */
const bind = (parameters: readonly SqlValue[]): Record<string, unknown> =>
  Object.fromEntries(
    parameters.map((value, index) => [index + 1, Number.isSafeInteger(value) ? BigInt(value as number) : value]),
  );

async function answerTo(question: Question): Promise<unknown> {
  switch (question.act) {
    case 'open':
      return open();
    case 'migrate':
      if (await history.isBehind(source, runner)) await alone(() => history.migrate(source, runner));
      database?.pragma(`busy_timeout = ${busyTimeoutMs}`);
      return undefined;
    case 'status':
      return history.statusOf(source, runner);
    case 'take back':
      return alone(() => history.takeBack(source, runner, question.count));
    case 'begin':
      return void (await runner.query('BEGIN IMMEDIATE'));
    case 'commit':
      return void (await runner.query('COMMIT'));
    case 'rollback':
      // After some failures SQLite has done so by itself.
      return void (database?.inTransaction === true && (await runner.query('ROLLBACK')));
    case 'statement': {
      const { records, affected } = await runner.query(question.sql, [bind(question.parameters)], true);
      return { rows: records, count: affected ?? records.length };
    }
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** TypeORM hangs the statement and its values on its errors. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: 'failed without a reason' };
  const origin = 'driverError' in error && error.driverError instanceof Error ? error.driverError : error;
  return { message: origin.message, code: codeOf(origin) };
}

const port = parentPort!;
const tell = (answered: Answered): void => port.postMessage(answered);
async function answer({ id, question }: Asked, before: Promise<void>): Promise<void> {
  await before;
  try {
    tell({ id, answer: await answerTo(question) });
  } catch (error) {
    tell({ id, failure: failureOf(error) });
  }
}

// One after the other, in the order in which they were asked.
let last = Promise.resolve();
port.on('message', (asked: Asked) => {
  last = answer(asked, last);
});
