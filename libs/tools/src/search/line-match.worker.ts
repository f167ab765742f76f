import { parentPort, workerData } from 'node:worker_threads';

/** Matching lines of one text: offsets in UTF-16 units, `submatches` from the start of the lines. */
export interface MatchedLines {
  readonly start: number;
  readonly end: number;
  readonly submatches: { start: number; end: number }[];
}
export interface WorkerSettings {
  readonly source: string;
  readonly flags: string;
  readonly multiline: boolean;
  readonly maxMatches: number;
}

const { source, flags, multiline, maxMatches } = workerData as WorkerSettings;
const pattern = new RegExp(source, flags);

parentPort!.on('message', (text: string) => {
  const found = multiline ? matchWhole(text) : matchLines(text);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort!.postMessage(found);
});

function matchLines(text: string): MatchedLines[] {
  const found: MatchedLines[] = [];
  for (let start = 0; start < text.length && found.length < maxMatches;) {
    const newline = text.indexOf('\n', start);
    const next = newline < 0 ? text.length : newline;
    const end = text[next - 1] === '\r' && next > start ? next - 1 : next;
    const submatches = Array.from(text.slice(start, end).matchAll(pattern), (match) => ({
      start: match.index,
      end: match.index + match[0].length,
    }));
    if (submatches.length > 0) found.push({ start, end, submatches });
    start = next + 1;
  }
  return found;
}

/** Matches that touch the same line are told together. */
function matchWhole(text: string): MatchedLines[] {
  const found: MatchedLines[] = [];
  for (const match of text.matchAll(pattern)) {
    const from = match.index;
    const to = from + match[0].length;
    const newline = text.indexOf('\n', Math.max(from, to - 1));
    const last = found.at(-1);
    if (last !== undefined && from <= last.end) {
      last.submatches.push({ start: from - last.start, end: to - last.start });
      Object.assign(last, { end: Math.max(last.end, newline < 0 ? text.length : newline) });
    } else {
      if (found.length >= maxMatches) break;
      const start = text.lastIndexOf('\n', from - 1) + 1;
      found.push({ start: from === 0 ? 0 : start, end: newline < 0 ? text.length : newline, submatches: [] });
      found.at(-1)!.submatches.push({ start: from - found.at(-1)!.start, end: to - found.at(-1)!.start });
    }
  }
  return found;
}
