import type { Principal } from '@app/mcp';
import type { SqlDatabase } from '@app/storage';
import { type AuditRow, columnText, readFacts } from '../chain/chained-record.js';
import { AuditTable } from '../durable/audit-table.js';
import type { DurableAudit } from '../durable/durable-audit.js';
import { ERASED } from './erased-records.js';
import { personalOf } from './query-audit.js';
import { SeqRanges } from './seq-ranges.js';

const PAGE = 500;

/** Whose personal data goes. */
export interface ErasedPerson {
  readonly tenant: string;
  readonly subject: string;
}

/**
 * Takes the personal parts out of one person's records. The chain holds only their salted digests, so it stays whole.
 * What is erased is recorded first: verification accepts no other gap.
 */
export class AuditErasure {
  private readonly table: AuditTable;

  constructor(
    private readonly database: SqlDatabase,
    private readonly audit: Pick<DurableAudit, 'settle' | 'turnOver' | 'events' | 'key'>,
  ) {
    this.table = new AuditTable(this.database);
  }

  /**
   * Covers what is in the database and in this server's journal. What other servers have not stored yet comes after.
   * @param by who asked for it
   * @returns of how many records @throws Error when it cannot be recorded or done
   */
  async erase(person: ErasedPerson, by: Principal): Promise<number> {
    await this.audit.settle();
    let erased = 0;
    for await (const rows of this.pagesOf(person)) erased += await this.erasePage(rows, person, by);
    return erased;
  }

  private async erasePage(rows: readonly AuditRow[], person: ErasedPerson, by: Principal): Promise<number> {
    const seqs = new Map<string, number[]>();
    for (const { instance, seq } of rows) seqs.set(instance, [...(seqs.get(instance) ?? []), seq]);
    const ranges = [...seqs].map(([instance, each]) => [instance, rangesOf(each)]);
    this.audit.turnOver();
    await this.audit.events.record({
      operation: 'erasure',
      tenant: by.tenant,
      subject: by.subject,
      actors: by.actors,
      via: by.via,
      details: {
        person: this.audit.key.digest(JSON.stringify([person.tenant, person.subject])),
        records: rows.length,
        [ERASED]: Object.fromEntries(ranges),
      },
    });
    await this.audit.settle();
    let erased = 0;
    for (const [instance, [first, ...more]] of seqs) erased += await this.table.erase(instance, [first!, ...more]);
    return erased;
  }

  /** Records of a person that still have a personal part, by pages of what one erasure covers. */
  private async *pagesOf({ tenant, subject }: ErasedPerson): AsyncGenerator<AuditRow[]> {
    let place: readonly [number, string, number] = [-1, '', 0];
    for (;;) {
      const where = `tenant = $1 AND (at, instance, seq) > ($2, $3, $4) AND personal IS NOT NULL
        ORDER BY at, instance, seq LIMIT $5`;
      const rows = await this.table.select(where, [columnText(tenant), ...place, PAGE]);
      const own = rows.filter((row) => personalOf(row.personal).subject === subject && isOf(tenant, row));
      if (own.length > 0) yield own;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      place = [last.at, last.instance, last.seq];
    }
  }
}

const isOf = (tenant: string, { facts }: AuditRow): boolean => readFacts(facts)?.tenant === tenant;

function rangesOf(seqs: readonly number[]): string {
  const ranges = new SeqRanges();
  for (const seq of seqs.toSorted((a, b) => a - b)) ranges.add(seq);
  return ranges.toString();
}
