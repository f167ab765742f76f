import type { Detector } from './detector.js';

/** A place in a text; `end` is behind its last character. */
export interface Find {
  readonly start: number;
  readonly end: number;
  readonly detector: Detector;
}

/** One find for those that overlap: it takes the whole stretch, and the detector that stands first in the table. */
export function united(finds: Find[], rank: ReadonlyMap<Detector, number>): Find[] {
  if (finds.length < 2) return finds;
  finds.sort((a, b) => a.start - b.start || b.end - a.end);
  const merged: Find[] = [];
  for (const find of finds) {
    const last = merged.at(-1);
    if (last === undefined || find.start >= last.end) merged.push(find);
    else {
      const detector = rank.get(find.detector)! < rank.get(last.detector)! ? find.detector : last.detector;
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, find.end), detector };
    }
  }
  return merged;
}
