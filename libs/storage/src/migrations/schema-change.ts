import type { SqlDialect } from '../sql/sql-database.js';

/**
 * One step in the history of the server's tables. What was released stays as it is, for databases remember its name.
 * Plain data, so that it can be handed to a thread.
 */
export interface SchemaChange {
  /** Ends in the time it was written at, in milliseconds since 1970: the order of the steps. */
  readonly name: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** What the dialects write differently in the definition of a table. */
export interface TableWords {
  readonly dialect: SqlDialect;
  /** The full name of a table of the server's own. */
  table(name: string): string;
  /** A text, told apart and ordered by its bytes. */
  readonly text: string;
  /** Whole, 64 bits. */
  readonly bigint: string;
  /** After the closing parenthesis. */
  readonly ending: string;
}

export const tableWords = (dialect: SqlDialect, table: (name: string) => string): TableWords =>
  dialect === 'postgres'
    ? { dialect, table, text: 'text COLLATE "C"', bigint: 'bigint', ending: '' }
    : // Without STRICT, SQLite would take a text for a number.
      { dialect, table, text: 'TEXT', bigint: 'INTEGER', ending: ' STRICT' };
