import type { FoundMatch, Range } from './search-engine.js';

export interface CutText {
  readonly text: string;
  readonly submatches: Range[];
  /** Of the first match in the whole line, from 1. */
  readonly column: number;
  /** Something of the line or of its matches is missing. */
  readonly cut: boolean;
}

/** At most `maxChars` of a line: its beginning, or where the first match lies too far behind, what is around that. */
export function cutMatch(found: FoundMatch, maxChars: number): CutText {
  const { text, submatches, isPart = false } = found;
  const first = submatches[0];
  const column = (found.firstStart ?? first?.start ?? 0) + 1;
  if (text.length <= maxChars) return { text, submatches: [...submatches], column, cut: isPart };
  const isNear = first === undefined || first.end <= maxChars;
  const from = isNear ? 0 : boundary(text, Math.max(0, first.start - Math.floor(maxChars / 5)));
  const to = boundary(text, Math.min(text.length, from + maxChars));
  return {
    text: text.slice(from, to),
    submatches: submatches
      .filter(({ start, end }) => start >= from && end <= to)
      .map(({ start, end }) => ({ start: start - from, end: end - from })),
    column,
    cut: true,
  };
}

export const cutLine = (text: string, maxChars: number): string =>
  text.length <= maxChars ? text : `${text.slice(0, boundary(text, maxChars - 1))}…`;

/** The offset, or the one before it where it lies within a surrogate pair. */
function boundary(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && at < text.length && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
