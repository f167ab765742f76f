import type { SqlDatabase, SqlValue } from '@app/storage';
import type { SeededRandom } from '../wcgw/chaos/seeded-random.js';

/** A record in the table of the audit. */
export interface Place {
  readonly instance: string;
  readonly seq: number;
  readonly callId: string;
}
interface Row extends Place {
  readonly facts: string;
}

/** A place where no record is. */
const NOWHERE = -1;

/** Harm done to the table of the audit by somebody who may do anything to the database. */
export class Tampering {
  private readonly table: string;
  /** Columns of what was harmed, as they were. */
  private readonly kept: Record<string, SqlValue>[] = [];

  private constructor(
    private readonly database: SqlDatabase,
    private readonly random: SeededRandom,
    /** All that have another one of the same run after them. */
    private readonly rows: readonly Row[],
  ) {
    this.table = database.table('mcp_audit');
  }

  static async of(database: SqlDatabase, random: SeededRandom): Promise<Tampering> {
    type Stored = { instance: string; seq: number | string; call_id: string; facts: string };
    const sql = `SELECT instance, seq, call_id, facts FROM ${database.table('mcp_audit')}
      WHERE seq > $1 ORDER BY instance, seq`;
    const { rows } = await database.run((statement) => statement<Stored>(sql, [0]));
    const followed = rows.filter(({ instance }, index) => rows[index + 1]?.instance === instance);
    const found = followed.map(({ call_id: callId, seq, ...row }) => ({ ...row, callId, seq: Number(seq) }));
    return new Tampering(database, random, found);
  }

  /** One bit of one byte of what a record says. */
  async flipByte(): Promise<readonly Place[]> {
    const row = this.random.pick(this.rows);
    const bytes = Buffer.from(row.facts);
    let at = this.random.between(0, bytes.length - 1);
    // In a longer character it would be no text any more, which a database does not take.
    while (bytes[at]! > 0x7e) at = this.random.between(0, bytes.length - 1);
    bytes[at]! ^= 1;
    await this.keep(row);
    await this.setFacts(row, bytes.toString());
    return [row];
  }

  async remove(): Promise<readonly Place[]> {
    const row = this.random.pick(this.rows);
    await this.keep(row);
    await this.statement(`DELETE FROM ${this.table} WHERE instance = $1 AND seq = $2`, row.instance, row.seq);
    return [row];
  }

  /** What two records say, in each other's place. */
  async swapFacts(): Promise<readonly Place[]> {
    const [one, other] = await this.keepTwo();
    await this.setFacts(one, other.facts);
    await this.setFacts(other, one.facts);
    return [one, other];
  }

  /** Two records, with all that chains them, in each other's place. */
  async swapRows(): Promise<readonly Place[]> {
    const [one, other] = await this.keepTwo();
    const move = (from: number, to: number): Promise<void> =>
      this.statement(`UPDATE ${this.table} SET seq = $3 WHERE instance = $1 AND seq = $2`, one.instance, from, to);
    await move(one.seq, NOWHERE);
    await move(other.seq, one.seq);
    await move(NOWHERE, other.seq);
    // Each is found where the other one was.
    return [
      { ...one, callId: other.callId },
      { ...other, callId: one.callId },
    ];
  }

  /** Everything is as it was. */
  async undo(): Promise<void> {
    for (const row of this.kept.splice(0)) {
      const columns = Object.keys(row);
      const places = columns.map((_, index) => `$${index + 1}`).join(', ');
      await this.statement(
        `DELETE FROM ${this.table} WHERE instance = $1 AND seq = $2`,
        row['instance']!,
        Number(row['seq']),
      );
      const [first, ...others] = Object.values(row);
      await this.statement(`INSERT INTO ${this.table} (${columns.join(', ')}) VALUES (${places})`, first!, ...others);
    }
  }

  /** In their order, of one run. */
  private async keepTwo(): Promise<[Row, Row]> {
    const one = this.random.pick(this.rows);
    const others = this.rows.filter(({ instance, seq }) => instance === one.instance && seq !== one.seq);
    const two: [Row, Row] = [one, this.random.pick(others)];
    for (const row of two) await this.keep(row);
    return two.sort((a, b) => a.seq - b.seq);
  }

  private async keep({ instance, seq }: Row): Promise<void> {
    const sql = `SELECT * FROM ${this.table} WHERE instance = $1 AND seq = $2`;
    const { rows } = await this.database.run((statement) => statement<Record<string, SqlValue>>(sql, [instance, seq]));
    this.kept.push(rows[0]!);
  }

  private setFacts({ instance, seq }: Row, facts: string): Promise<void> {
    return this.statement(`UPDATE ${this.table} SET facts = $3 WHERE instance = $1 AND seq = $2`, instance, seq, facts);
  }

  private async statement(sql: string, ...values: [SqlValue, ...SqlValue[]]): Promise<void> {
    await this.database.run((statement) => statement(sql, values));
  }
}
