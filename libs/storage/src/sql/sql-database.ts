/** What a statement takes and gives. Times are milliseconds since 1970 in 64-bit integers, truth is 0 or 1. */
export type SqlValue = string | number | null;

/** Always with at least one parameter: only then PostgreSQL's driver uses the protocol that takes one statement. */
export type BoundParameters = readonly [unknown, ...unknown[]];

export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Rows the statement read, wrote or deleted. */
  readonly count: number;
}

/** Runs one statement with `$1`, `$2` … What is written into its text must be a constant of the server. */
export type RunStatement = <Row = unknown>(sql: string, parameters: BoundParameters) => Promise<Rows<Row>>;

export type SqlDialect = 'postgres' | 'sqlite';

/**
 * The database of the server's own state. Its tables are there before the first statement runs: they are made by
 * migrations when it is opened. Every operation throws ServerError POLICY_UNAVAILABLE, within the operation timeout,
 * when the database does not answer, and OVERLOADED when too many operations wait for it. What was under way then may
 * have happened.
 *
 * Work must not wait for another operation of the same database: it holds what that one waits for.
 */
export abstract class SqlDatabase {
  abstract readonly dialect: SqlDialect;

  /** The full name of a table of the server's own, ready to stand in a statement. */
  abstract table(name: string): string;

  /** Statements on one connection, each committed by itself. */
  abstract run<T>(work: (statement: RunStatement) => Promise<T>): Promise<T>;

  /**
   * Statements that happen all or not at all: committed when `work` resolves, rolled back when it rejects or when one
   * of its statements failed, whatever `work` made of that.
   */
  abstract transaction<T>(work: (statement: RunStatement) => Promise<T>): Promise<T>;

  /** A sign of life; opens the database where it is not open yet. */
  abstract ping(): Promise<void>;
}
