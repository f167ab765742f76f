import { structuredPatch, type StructuredPatchHunk } from 'diff';
import type { Limits } from '@app/config';
import { countLines, countNewlines, LF } from './text-lines.js';

const CONTEXT_LINES = 3;
/** Bytes of both versions of the changed stretch that are compared line by line; beyond, only counted. */
const MAX_COMPARED_BYTES = 1_048_576;
/** Lines that differ, beyond which no diff would fit the answer anyway. */
const MAX_EDIT_LINES = 2_000;

export interface TextDiff {
  /** Unified diff; missing where nothing differs, or where it would take too long or be too large. */
  readonly text?: string;
  /** Whether `text` is missing, or short of some hunks, although there is a difference. */
  readonly isOmitted: boolean;
  /** Lines; where the versions are too different to compare, all lines of the changed stretch. */
  readonly added: number;
  readonly removed: number;
}

interface Stretch {
  readonly from: number;
  readonly toBefore: number;
  readonly toAfter: number;
}

/**
 * Compares two versions of a file. The stretch outside of which both are the same is found first, in one pass;
 * only that is compared line by line, within bounds of size and time, so the event loop is never held long.
 */
export function diffText(
  path: string,
  before: Buffer,
  after: Buffer,
  limits: Pick<Limits, 'diffBytes' | 'diffMs'>,
): TextDiff {
  if (before.equals(after)) return { isOmitted: false, added: 0, removed: 0 };
  const stretch = changedStretch(before, after);
  const old = before.subarray(stretch.from, stretch.toBefore);
  const young = after.subarray(stretch.from, stretch.toAfter);
  const hunks = old.length + young.length > MAX_COMPARED_BYTES ? undefined : compare(old, young, limits.diffMs);
  if (hunks === undefined) return { isOmitted: true, added: countLines(young), removed: countLines(old) };
  return describe(path, hunks, countNewlines(before.subarray(0, stretch.from)), limits.diffBytes);
}

function compare(old: Buffer, young: Buffer, diffMs: number): StructuredPatchHunk[] | undefined {
  // Half of the time: splitting into lines and formatting need some too.
  const options = { context: CONTEXT_LINES, timeout: diffMs / 2, maxEditLength: MAX_EDIT_LINES };
  return structuredPatch('', '', old.toString('utf8'), young.toString('utf8'), undefined, undefined, options)?.hunks;
}

function describe(
  path: string,
  hunks: readonly StructuredPatchHunk[],
  linesBefore: number,
  maxBytes: number,
): TextDiff {
  const header = `--- a/${path}\n+++ b/${path}\n`;
  let text = header;
  let isOmitted = false;
  let added = 0;
  let removed = 0;
  for (const hunk of hunks) {
    added += hunk.lines.filter((line) => line.startsWith('+')).length;
    removed += hunk.lines.filter((line) => line.startsWith('-')).length;
    const part = `@@ -${span(hunk.oldStart, hunk.oldLines, linesBefore)} +${span(hunk.newStart, hunk.newLines, linesBefore)} @@\n${hunk.lines.join('\n')}\n`;
    if (Buffer.byteLength(text) + Buffer.byteLength(part) > maxBytes) isOmitted = true;
    else if (!isOmitted) text += part;
  }
  return { ...(text !== header && { text }), isOmitted, added, removed };
}

/** In unified diffs an empty span names the line before it. */
const span = (start: number, lines: number, offset: number): string =>
  `${start + offset - (lines === 0 ? 1 : 0)},${lines}`;

/** From whole line to whole line, with the lines of context. */
function changedStretch(before: Buffer, after: Buffer): Stretch {
  const shorter = Math.min(before.length, after.length);
  let same = 0;
  while (same < shorter && before[same] === after[same]) same++;
  let tail = 0;
  while (tail < shorter - same && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const from = linesBack(before, same, CONTEXT_LINES);
  const toBefore = linesOn(before, before.length - tail, CONTEXT_LINES);
  return { from, toBefore, toAfter: after.length - (before.length - toBefore) };
}

/** Start of the line at `position`, and `lines` further back. */
function linesBack(bytes: Buffer, position: number, lines: number): number {
  let at = lineStart(bytes, position);
  for (let left = lines; left > 0 && at > 0; left--) at = lineStart(bytes, at - 1);
  return at;
}

const lineStart = (bytes: Buffer, position: number): number =>
  position === 0 ? 0 : bytes.lastIndexOf(LF, position - 1) + 1;

/** End of the line at `position`, and `lines` further on. */
function linesOn(bytes: Buffer, position: number, lines: number): number {
  let at = position;
  for (let left = lines; left >= 0; left--) {
    const newline = bytes.indexOf(LF, at);
    if (newline < 0) return bytes.length;
    at = newline + 1;
  }
  return at;
}
