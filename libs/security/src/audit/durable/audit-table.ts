import type { RunStatement, SqlDatabase, SqlValue } from '@app/storage';
import type { SignedHead } from '../chain/audit-head.js';
import type { AuditRow } from '../chain/chained-record.js';

/** Rows of one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const ROWS_AT_ONCE = 100;
const COLUMNS = 'instance, seq, at, phase, kind, operation, tenant, decision, call_id, facts, personal, prev, hash';
const COLUMN_COUNT = COLUMNS.split(', ').length;
const HEAD_COLUMNS = 'instance, seq, kind, at, hash, signature, key_id';

/** Drivers give 64-bit integers as text. */
type Stored<T> = { [Member in keyof T]: T[Member] extends number ? number | string : T[Member] };
type StoredRow = Stored<Omit<AuditRow, 'callId'>> & { readonly call_id: string };
type StoredHead = Stored<Omit<SignedHead, 'keyId'>> & { readonly key_id: string };

const rowOf = ({ call_id: callId, ...row }: StoredRow): AuditRow => ({
  ...row,
  callId,
  seq: Number(row.seq),
  at: Number(row.at),
});
const headOf = ({ key_id: keyId, ...head }: StoredHead): SignedHead => ({
  ...head,
  keyId,
  seq: Number(head.seq),
  at: Number(head.at),
});

/** The statements of the audit. Rows are added, and, by retention and erasure alone, taken away. */
export class AuditTable {
  private readonly records: string;
  private readonly heads: string;

  constructor(private readonly database: SqlDatabase) {
    this.records = database.table('mcp_audit');
    this.heads = database.table('mcp_audit_heads');
  }

  /** All of it or nothing; what is there already stays as it is. */
  async store(records: readonly AuditRow[], head?: SignedHead): Promise<void> {
    await this.database.transaction(async (statement) => {
      for (let from = 0; from < records.length; from += ROWS_AT_ONCE)
        await this.insert(statement, records.slice(from, from + ROWS_AT_ONCE));
      if (head !== undefined) await this.insertHead(statement, head);
    });
  }

  /** Retention: the records of an instance up to the head's go, and the heads before it. @returns how many records */
  cut(head: SignedHead): Promise<number> {
    const { instance, seq } = head;
    return this.database.transaction(async (statement) => {
      await this.insertHead(statement, head);
      await statement(`DELETE FROM ${this.heads} WHERE instance = $1 AND seq < $2`, [instance, seq]);
      return (await statement(`DELETE FROM ${this.records} WHERE instance = $1 AND seq <= $2`, [instance, seq])).count;
    });
  }

  /** @returns how many had a personal part */
  async erase(instance: string, seqs: readonly [number, ...number[]]): Promise<number> {
    const places = seqs.map((_, index) => `$${index + 2}`).join(', ');
    const sql = `UPDATE ${this.records} SET personal = NULL
      WHERE instance = $1 AND seq IN (${places}) AND personal IS NOT NULL`;
    return (await this.database.run((statement) => statement(sql, [instance, ...seqs]))).count;
  }

  /** The next instance in the order of their names, of which there is a record or a head. */
  nextInstance(after: string): Promise<string | undefined> {
    return this.neighbour('MIN', '>', after);
  }

  previousInstance(before: string): Promise<string | undefined> {
    return this.neighbour('MAX', '<', before);
  }

  /** Records of an instance in their order. */
  page(instance: string, afterSeq: number, limit: number): Promise<AuditRow[]> {
    const where = 'instance = $1 AND seq > $2 ORDER BY seq LIMIT $3';
    return this.select(where, [instance, afterSeq, limit]);
  }

  /** @param where conditions, order and limit: a constant of the server */
  async select(where: string, parameters: readonly [SqlValue, ...SqlValue[]]): Promise<AuditRow[]> {
    const sql = `SELECT ${COLUMNS} FROM ${this.records} WHERE ${where}`;
    const { rows } = await this.database.run((statement) => statement<StoredRow>(sql, parameters));
    return rows.map(rowOf);
  }

  headsAfter(instance: string, afterSeq: number, upToSeq: number, limit: number): Promise<SignedHead[]> {
    return this.selectHeads('instance = $1 AND seq > $2 AND seq <= $3 ORDER BY seq, kind LIMIT $4', [
      instance,
      afterSeq,
      upToSeq,
      limit,
    ]);
  }

  /** Newest first. */
  cuts(instance: string, limit: number): Promise<SignedHead[]> {
    return this.selectHeads(`instance = $1 AND kind = 'cut' ORDER BY seq DESC LIMIT $2`, [instance, limit]);
  }

  async newestHead(instance: string): Promise<SignedHead | undefined> {
    return (await this.selectHeads('instance = $1 ORDER BY seq DESC LIMIT $2', [instance, 1]))[0];
  }

  private async selectHeads(where: string, parameters: readonly [SqlValue, ...SqlValue[]]): Promise<SignedHead[]> {
    const sql = `SELECT ${HEAD_COLUMNS} FROM ${this.heads} WHERE ${where}`;
    const { rows } = await this.database.run((statement) => statement<StoredHead>(sql, parameters));
    return rows.map(headOf);
  }

  private async neighbour(pick: 'MIN' | 'MAX', side: '<' | '>', instance: string): Promise<string | undefined> {
    const of = (table: string): string => `SELECT ${pick}(instance) AS name FROM ${table} WHERE instance ${side} $1`;
    const sql = `SELECT ${pick}(name) AS name FROM (${of(this.records)} UNION ALL ${of(this.heads)}) AS both_tables`;
    const { rows } = await this.database.run((statement) => statement<{ name: string | null }>(sql, [instance]));
    return rows[0]?.name ?? undefined;
  }

  private async insert(statement: RunStatement, records: readonly AuditRow[]): Promise<void> {
    const values = records.flatMap(valuesOf);
    const places = records.map((_, row) => placesOf(row * COLUMN_COUNT)).join(', ');
    const sql = `INSERT INTO ${this.records} (${COLUMNS}) VALUES ${places} ON CONFLICT (instance, seq) DO NOTHING`;
    await statement(sql, values as [SqlValue, ...SqlValue[]]);
  }

  private async insertHead(statement: RunStatement, head: SignedHead): Promise<void> {
    const { instance, seq, kind, at, hash, signature, keyId } = head;
    await statement(
      `INSERT INTO ${this.heads} (${HEAD_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (instance, seq, kind) DO NOTHING`,
      [instance, seq, kind, at, hash, signature, keyId],
    );
  }
}

const placesOf = (before: number): string =>
  `(${Array.from({ length: COLUMN_COUNT }, (_, column) => `$${before + column + 1}`).join(', ')})`;

/** In the order of {@link COLUMNS}. */
const valuesOf = (row: AuditRow): SqlValue[] => [
  row.instance,
  row.seq,
  row.at,
  row.phase,
  row.kind,
  row.operation,
  row.tenant,
  row.decision,
  row.callId,
  row.facts,
  row.personal,
  row.prev,
  row.hash,
];
