import type { BoundParameters, Rows, RunStatement, SqlValue } from './sql-database.js';
import type { SqliteThread } from './sqlite-thread.js';

/**
 * What one caller does on the only connection while it is his turn. The turn ends with his work, or when nobody waits
 * for it any more; in both cases not before the thread has answered him, so that the next finds it idle.
 */
export class SqliteTurn {
  private isOver = false;
  private failure?: { readonly error: unknown };
  private last: Promise<unknown> = Promise.resolve();

  /** @param signal aborted when nobody waits any more */
  constructor(
    private readonly thread: SqliteThread,
    private readonly signal: AbortSignal,
    private readonly timeoutMs: number,
  ) {}

  async run<T>(work: (statement: RunStatement) => Promise<T>): Promise<T> {
    const givenUp = Promise.withResolvers<never>();
    const giveUp = (): void => givenUp.reject(this.signal.reason);
    this.signal.addEventListener('abort', giveUp, { once: true });
    try {
      this.signal.throwIfAborted();
      return await Promise.race([work(this.statement), givenUp.promise]);
    } finally {
      this.signal.removeEventListener('abort', giveUp);
      this.isOver = true;
      await this.last;
    }
  }

  async transaction<T>(work: (statement: RunStatement) => Promise<T>): Promise<T> {
    await this.thread.ask({ act: 'begin' }, this.timeoutMs);
    try {
      const result = await this.run(work);
      // As in PostgreSQL, where nothing can be committed after a failure, whatever `work` makes of it.
      if (this.failure !== undefined) throw this.failure.error;
      this.signal.throwIfAborted();
      await this.thread.ask({ act: 'commit' }, this.timeoutMs);
      return result;
    } catch (error) {
      const ended = new Error('the transaction could not be rolled back');
      await this.thread.ask({ act: 'rollback' }, this.timeoutMs).catch(() => this.thread.end(ended));
      throw error;
    }
  }

  private readonly statement: RunStatement = async <Row>(sql: string, parameters: BoundParameters) => {
    this.signal.throwIfAborted();
    if (this.isOver) throw new Error('a statement came after the work it belongs to');
    const question = { act: 'statement', sql, parameters: parameters.map(sqlValueOf) } as const;
    const asked = this.thread.ask<Rows<Row>>(question, this.timeoutMs);
    this.last = asked.catch((error: unknown) => (this.failure ??= { error }));
    return asked;
  };
}

/** The value as SQLite keeps it. The error does not show it. @throws TypeError */
function sqlValueOf(value: unknown, index: number): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw new TypeError(`parameter $${index + 1} is neither a text, nor a number, nor null`);
}
