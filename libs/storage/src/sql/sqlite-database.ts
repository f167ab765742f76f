import { access, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { MigratedDatabase, MigrationStatus } from '../migrations/migration-status.js';
import { schemaChanges } from '../migrations/schema-changes.js';
import { BoundedOperations } from '../services/bounded-operations.js';
import { LazyConnection } from '../services/lazy-connection.js';
import { SERVICE_DEFAULTS, type ServiceSettings } from '../services/service-settings.js';
import { type RunStatement, SqlDatabase } from './sql-database.js';
import { sqliteError } from './sqlite-failure.js';
import { SqliteThread } from './sqlite-thread.js';
import { SqliteTurn } from './sqlite-turn.js';

export interface SqliteSettings extends Omit<ServiceSettings, 'connectionName'> {
  /** Opening it, the wait for another process that changes its tables included. */
  readonly openTimeoutMs: number;
  /** A file of at most this size is looked through for damage when it is opened. */
  readonly checkedBytes: number;
}

const DEFAULTS: SqliteSettings = {
  ...SERVICE_DEFAULTS,
  // A file on a disk: where it takes longer than a service would, trying again makes it worse.
  operationTimeoutMs: 5_000,
  openTimeoutMs: 20_000,
  // Starting a thread costs more than a connection.
  retryGapMs: 1_000,
  checkedBytes: 67_108_864,
};
const FILE = 'state.db';
/** The one at work, and ones that were ended in the middle of a statement. */
const MAX_THREADS = 4;

/**
 * The server's own database where it is given none: SQLite, in a file in DATA_DIR that only this user can read, made
 * when first needed. Several processes may share it. Everybody in this one shares one connection, in the order in which
 * they asked: whoever asks again inside of his work waits for himself, and gets POLICY_UNAVAILABLE.
 *
 * A statement that does not end makes its thread be given up and another one begin; after a few that did not end
 * either, everything is refused until one does.
 */
export class SqliteDatabase extends SqlDatabase implements MigratedDatabase, OnApplicationShutdown {
  override readonly dialect = 'sqlite';
  private readonly settings: SqliteSettings;
  private readonly operations: BoundedOperations;
  private readonly connection: LazyConnection<SqliteThread>;
  private readonly threads = new Set<SqliteThread>();
  private turn: Promise<void> = Promise.resolve();

  /** @param dataDir absolute */
  constructor(
    private readonly dataDir: string,
    settings: Partial<SqliteSettings> = {},
    now: () => number = () => performance.now(),
  ) {
    super();
    this.settings = { ...DEFAULTS, ...settings };
    const { operationTimeoutMs, maxRunning, retryGapMs } = this.settings;
    this.operations = new BoundedOperations('the database', operationTimeoutMs, maxRunning);
    const hangUp = (thread: SqliteThread): void => thread.end(new Error('the connection is closed'));
    this.connection = new LazyConnection(() => this.dial(), hangUp, retryGapMs, now);
  }

  override table(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  override run<T>(work: (statement: RunStatement) => Promise<T>): Promise<T> {
    return this.operations.run((signal) => this.inTurn(signal, (turn) => turn.run(work)));
  }

  override transaction<T>(work: (statement: RunStatement) => Promise<T>): Promise<T> {
    return this.operations.run((signal) => this.inTurn(signal, (turn) => turn.transaction(work)));
  }

  override async ping(): Promise<void> {
    await this.run((statement) => statement('SELECT $1', [1]));
  }

  async migrationStatus(): Promise<MigrationStatus> {
    const isThere = await access(this.path).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT',
    );
    if (isThere) return this.apart((thread) => thread.ask({ act: 'status' }, this.settings.openTimeoutMs));
    // To look is not to make it.
    const pending = schemaChanges(this.dialect, (name) => this.table(name)).map(({ name }) => name);
    return { applied: [], pending, unknown: [] };
  }

  migrateBack(count: number): Promise<readonly string[]> {
    return this.apart((thread) => thread.ask({ act: 'take back', count }, this.settings.openTimeoutMs));
  }

  /** Ends the connection; what is under way fails. Waits for the thread, but no longer than for an operation. */
  async close(): Promise<void> {
    const closed = new Error('the connection is closed');
    const threads = [...this.threads];
    for (const thread of threads) thread.end(closed);
    await this.connection.close();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.settings.operationTimeoutMs);
    await Promise.race([Promise.all(threads.map(({ gone }) => gone)), late]);
    clearTimeout(timer);
  }

  /** Last of all: what others have to say at their end, they say here. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private get path(): string {
    return join(this.dataDir, FILE);
  }

  private async inTurn<T>(signal: AbortSignal, use: (turn: SqliteTurn) => Promise<T>): Promise<T> {
    const before = this.turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.turn = promise;
    try {
      await before;
      signal.throwIfAborted();
      const thread = await this.connection.get();
      signal.throwIfAborted();
      return await use(new SqliteTurn(thread, signal, this.settings.operationTimeoutMs));
    } finally {
      resolve();
    }
  }

  private async dial(): Promise<SqliteThread> {
    const thread = await this.start();
    try {
      await thread.ask({ act: 'migrate' }, this.settings.openTimeoutMs);
      return thread;
    } catch (error) {
      thread.end(new Error('the database could not be opened'));
      throw error;
    }
  }

  /** A thread of its own, for what is asked of a database that may not be fit for use. */
  private apart<T>(ask: (thread: SqliteThread) => Promise<T>): Promise<T> {
    const { openTimeoutMs } = this.settings;
    return new BoundedOperations('the database', 2 * openTimeoutMs, 1).run(async () => {
      const thread = await this.start();
      try {
        return await ask(thread);
      } finally {
        thread.end(new Error('the connection is closed'));
        await thread.gone;
      }
    });
  }

  /** The database open, its tables as they are. */
  private async start(): Promise<SqliteThread> {
    if (this.threads.size >= MAX_THREADS) throw new Error('statements that did not end keep the database busy');
    const { operationTimeoutMs, openTimeoutMs, checkedBytes } = this.settings;
    await this.makeFile();
    const file = {
      path: this.path,
      // Before anybody gives up: a thread that waits for another process is not one that hangs.
      busyTimeoutMs: Math.ceil(operationTimeoutMs / 2),
      openTimeoutMs: Math.ceil(openTimeoutMs / 2),
      checkedBytes,
      changes: schemaChanges(this.dialect, (name) => this.table(name)),
    };
    const thread = new SqliteThread(file, (ended) => void this.connection.lose(ended));
    this.threads.add(thread);
    void thread.gone.then(() => this.threads.delete(thread));
    try {
      await thread.ask({ act: 'open' }, openTimeoutMs);
      return thread;
    } catch (error) {
      thread.end(new Error('the database could not be opened'));
      throw error;
    }
  }

  /** Before SQLite does, which knows no modes; the files beside it get the same one. */
  private async makeFile(): Promise<void> {
    try {
      await mkdir(this.dataDir, { recursive: true, mode: 0o700 });
      await (await open(this.path, 'a', 0o600)).close();
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      throw sqliteError({ message, code });
    }
  }
}
