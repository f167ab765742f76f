import type { RegisterEntry } from '@app/pipeline';

/** One line per failure, grouped by tool or part. */
export function listRegister(entries: readonly RegisterEntry[]): string {
  const lines: string[] = [];
  let last = '';
  for (const { who, risk, failure, mitigatedBy, waivedBecause } of entries) {
    if (who !== last) lines.push(`${lines.length > 0 ? '\n' : ''}${who}${risk === undefined ? '' : ` (${risk})`}`);
    last = who;
    lines.push(
      `  ${failure.padEnd(28)} ${mitigatedBy.length > 0 ? mitigatedBy.join(', ') : `waived: ${waivedBecause}`}`,
    );
  }
  return lines.join('\n');
}
