import type { SqlDialect } from '../sql/sql-database.js';
import { createApiKeys } from './create-api-keys.migration.js';
import { createApprovals } from './create-approvals.migration.js';
import { createAudit } from './create-audit.migration.js';
import { createKeyValues } from './create-key-values.migration.js';
import { type SchemaChange, tableWords } from './schema-change.js';

/** The history of the server's tables in one dialect, oldest first. */
export function schemaChanges(dialect: SqlDialect, table: (name: string) => string): SchemaChange[] {
  const words = tableWords(dialect, table);
  return [createKeyValues(words), createAudit(words), createApiKeys(words), createApprovals(words)];
}
