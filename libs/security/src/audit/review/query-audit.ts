import { ServerError } from '@app/mcp';
import type { SqlDatabase, SqlValue } from '@app/storage';
import { type AuditRow, columnText, type Facts, type Personal, readFacts } from '../chain/chained-record.js';
import { AuditTable } from '../durable/audit-table.js';

const MAX_LIMIT = 1_000;
/** Rows of one statement. */
const PAGE = 1_000;
/** Rows looked at for one answer: where few of them fit, the answer is short and says where to go on. */
const MAX_SEEN = 20_000;

export interface AuditQuery {
  /** Milliseconds since 1970, both included. */
  readonly since?: number;
  readonly until?: number;
  readonly tenant?: string;
  readonly subject?: string;
  readonly operation?: string;
  readonly decision?: string;
  readonly callId?: string;
  readonly newestFirst?: boolean;
  /** 1 to 1,000; 100 unless told. */
  readonly limit?: number;
  /** Of an earlier answer to the same question. */
  readonly cursor?: string;
}

/** A record as it is kept, with its place. Personal members are absent once erased. */
export type KeptRecord = Omit<Facts, 'personal'> & Partial<Omit<Personal, 'salt'>> & { readonly hash: string };

export interface AuditAnswer {
  readonly records: readonly KeptRecord[];
  /** Where to go on; absent when there is nothing more. */
  readonly cursor?: string;
}

type Place = readonly [at: number, instance: string, seq: number];

/**
 * Records that fit, in the order of their time. Does not verify them.
 * @throws ServerError INVALID_CURSOR, POLICY_UNAVAILABLE, OVERLOADED
 */
export async function queryAudit(database: SqlDatabase, query: AuditQuery): Promise<AuditAnswer> {
  const table = new AuditTable(database);
  const limit = Math.min(MAX_LIMIT, Math.max(1, query.limit ?? 100));
  const records: KeptRecord[] = [];
  let place = query.cursor === undefined ? undefined : readCursor(query.cursor);
  for (let seen = 0; seen < MAX_SEEN; seen += PAGE) {
    const rows = await table.select(...conditionsOf(query, place));
    for (const row of rows) {
      place = [row.at, row.instance, row.seq];
      const record = keptRecordOf(row);
      if (record !== undefined && fits(record, query)) records.push(record);
      if (records.length === limit) return { records, cursor: cursorOf(place) };
    }
    if (rows.length < PAGE) return { records };
  }
  return { records, cursor: cursorOf(place!) };
}

function conditionsOf(query: AuditQuery, place: Place | undefined): [string, [SqlValue, ...SqlValue[]]] {
  const { since = 0, until, tenant, operation, callId, newestFirst = false } = query;
  const values: [SqlValue, ...SqlValue[]] = [since];
  const conditions = ['at >= $1'];
  const add = (condition: (first: number) => string, ...added: SqlValue[]): void => {
    conditions.push(condition(values.length + 1));
    values.push(...added);
  };
  if (until !== undefined) add((first) => `at <= $${first}`, until);
  if (tenant !== undefined) add((first) => `tenant = $${first}`, columnText(tenant));
  if (operation !== undefined) add((first) => `operation = $${first}`, columnText(operation));
  if (callId !== undefined) add((first) => `call_id = $${first}`, columnText(callId));
  const side = newestFirst ? '<' : '>';
  if (place !== undefined)
    add((first) => `(at, instance, seq) ${side} ($${first}, $${first + 1}, $${first + 2})`, ...place);
  const order = newestFirst ? 'DESC' : 'ASC';
  add((first) => `1 = 1 ORDER BY at ${order}, instance ${order}, seq ${order} LIMIT $${first}`, PAGE);
  return [conditions.join(' AND '), values];
}

/**
 * The subject is no column, so that it can be erased; of a rare decision the database could look for too long; and
 * columns are cut.
 */
const fits = (record: KeptRecord, { tenant, subject, operation, decision }: AuditQuery): boolean =>
  (decision === undefined || record.decision === decision) &&
  (subject === undefined || record.subject === subject) &&
  (tenant === undefined || record.tenant === tenant) &&
  (operation === undefined || record.operation === operation);

/** @returns undefined for a row that nothing can be read from */
export function keptRecordOf({ facts: text, personal, hash }: AuditRow): KeptRecord | undefined {
  const facts = readFacts(text);
  if (facts === undefined) return undefined;
  const { personal: _digest, ...clear } = facts;
  const { salt: _salt, ...known } = personalOf(personal);
  return { ...clear, ...known, hash };
}

export function personalOf(text: string | null): Partial<Personal> {
  try {
    return (JSON.parse(text ?? '{}') as Partial<Personal> | null) ?? {};
  } catch {
    return {};
  }
}

const cursorOf = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');

function readCursor(cursor: string): Place {
  try {
    const place = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
    if (Array.isArray(place) && place.length === 3) {
      const [at, instance, seq] = place as unknown[];
      if (Number.isSafeInteger(at) && typeof instance === 'string' && Number.isSafeInteger(seq)) return place as never;
    }
  } catch {
    // Told below.
  }
  throw new ServerError('INVALID_CURSOR', 'The cursor is none of an answer about the audit.');
}
