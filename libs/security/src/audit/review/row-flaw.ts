import { type AuditRow, chainHash, columnsOf, type Facts, personalHash, readFacts } from '../chain/chained-record.js';
import type { AuditFinding } from './audit-finding.js';

/** A row, what it says, and what is wrong with it by itself. */
export interface JudgedRow {
  readonly row: AuditRow;
  readonly facts?: Facts;
  readonly flaw?: Pick<AuditFinding, 'what' | 'detail'>;
}

/** Whether a row is what was chained at its place; not whether its neighbours are. */
export function judgeRow(row: AuditRow): JudgedRow {
  const facts = readFacts(row.facts);
  if (facts === undefined || chainHash(row.prev, row.facts) !== row.hash)
    return { row, facts, flaw: { what: 'changed', detail: 'its content and its hash do not belong together' } };
  if (facts.seq !== row.seq || facts.instance !== row.instance)
    return { row, facts, flaw: { what: 'reordered', detail: `it is record ${facts.seq} of ${facts.instance}` } };
  const columns = columnsOf(facts);
  const different = Object.entries(columns).find(([name, value]) => row[name as keyof typeof columns] !== value);
  if (different !== undefined)
    return { row, facts, flaw: { what: 'changed', detail: `column ${different[0]} does not say what was chained` } };
  if (row.personal !== null && personalHash(row.personal) !== facts.personal)
    return {
      row,
      facts,
      flaw: { what: 'personal changed', detail: 'its personal part is not the one that was chained' },
    };
  return { row, facts };
}
