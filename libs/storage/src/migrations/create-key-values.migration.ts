import type { SchemaChange, TableWords } from './schema-change.js';

/** The table of keys and values, and the order in which they expire. */
export function createKeyValues({ dialect, table, text, ending }: TableWords): SchemaChange {
  const entries = table('mcp_key_values');
  return {
    name: 'CreateKeyValues1790000000000',
    up: [
      `CREATE TABLE ${entries} (
        key ${text} NOT NULL PRIMARY KEY,
        value ${text} NOT NULL,
        expires_at ${dialect === 'postgres' ? 'timestamptz' : 'INTEGER'} NOT NULL
      )${ending}`,
      `CREATE INDEX mcp_key_values_expiry ON ${entries} (expires_at)`,
    ],
    down: [`DROP TABLE ${entries}`],
  };
}
