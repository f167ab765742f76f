import { spellUnseen } from '@app/resources';

const MAX_LINES = 20_000;
const MAX_LINE_CHARS = 200;
const SHOWN_CHARS = 120;
/** Share of letter pairs two lines must have in common to be called close. */
const CLOSE_ENOUGH = 0.6;

/**
 * The line of a text that is closest to the first line of what was searched, in words for the caller;
 * `undefined` where none is close. Looks at a bounded number of lines and characters.
 */
export function nearMiss(text: string, searched: string): string | undefined {
  const wanted = searched
    .split('\n', 100)
    .find((line) => line.trim() !== '')
    ?.slice(0, MAX_LINE_CHARS);
  if (wanted === undefined) return undefined;
  const lines = text.split('\n', MAX_LINES);
  const same = lines.findIndex((line) => line.trim() === wanted.trim());
  if (same >= 0) {
    const isExact = lines[same]!.includes(wanted);
    const difference = isExact
      ? 'matches, so the difference is in the lines that follow'
      : 'differs in white space only';
    return `Line ${same + 1} ${difference}: ${show(lines[same]!)}.`;
  }
  return closest(lines, wanted.trim());
}

function closest(lines: readonly string[], wanted: string): string | undefined {
  const pairs = pairsOf(wanted);
  if (pairs.size === 0) return undefined;
  let best = { score: CLOSE_ENOUGH, index: -1 };
  for (const [index, line] of lines.entries()) {
    const candidate = line.slice(0, MAX_LINE_CHARS).trim();
    // The lengths alone bound how alike two lines can be.
    if (2 * Math.min(candidate.length, wanted.length) <= best.score * (candidate.length + wanted.length)) continue;
    const score = likeness(pairs, wanted.length - 1, candidate);
    if (score > best.score) best = { score, index };
  }
  return best.index < 0 ? undefined : `The closest is line ${best.index + 1}: ${show(lines[best.index]!)}.`;
}

function pairsOf(text: string): Map<number, number> {
  const pairs = new Map<number, number>();
  for (let index = 1; index < text.length; index++) {
    const pair = pairAt(text, index);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

const pairAt = (text: string, index: number): number => text.charCodeAt(index - 1) * 65_536 + text.charCodeAt(index);

/** Dice's coefficient over pairs of neighbouring characters: 0 to 1. */
function likeness(pairs: ReadonlyMap<number, number>, total: number, candidate: string): number {
  const used = new Map<number, number>();
  let common = 0;
  for (let index = 1; index < candidate.length; index++) {
    const pair = pairAt(candidate, index);
    const available = pairs.get(pair);
    if (available === undefined) continue;
    const taken = used.get(pair) ?? 0;
    if (taken === available) continue;
    used.set(pair, taken + 1);
    common++;
  }
  return (2 * common) / (total + Math.max(0, candidate.length - 1));
}

/** JSON leaves as they are the controls above ASCII, and what no reader sees. */
const show = (line: string): string =>
  spellUnseen(JSON.stringify(line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line));
