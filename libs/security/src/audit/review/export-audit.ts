import type { SqlDatabase } from '@app/storage';
import { type AuditQuery, queryAudit } from './query-audit.js';

/** Every record that fits as a line of JSON, without its line break; read in bounded pages as the lines are taken. */
export async function* exportAudit(
  database: SqlDatabase,
  query: Omit<AuditQuery, 'limit'> = {},
): AsyncGenerator<string, void, undefined> {
  let { cursor } = query;
  do {
    const answer = await queryAudit(database, { ...query, limit: 1_000, cursor });
    for (const record of answer.records) yield JSON.stringify(record);
    ({ cursor } = answer);
  } while (cursor !== undefined);
}
