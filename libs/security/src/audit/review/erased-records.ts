import { SeqRanges } from './seq-ranges.js';

/** The member of an erasure's details that says what it covers: numbers of records by instance. */
export const ERASED = 'erased';

/** What an erasure covers. */
export function erasedIn(details: Readonly<Record<string, unknown>> | undefined): [string, SeqRanges][] {
  const erased = details?.[ERASED];
  if (typeof erased !== 'object' || erased === null) return [];
  return Object.entries(erased).flatMap(([instance, text]) => {
    const seqs = SeqRanges.parse(text);
    return seqs === undefined ? [] : [[instance, seqs] as [string, SeqRanges]];
  });
}
