import { isAscii, isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServerError } from '@app/mcp';
import type { Edit } from './edit-file.schema.js';
import { encodingOf, isUtf16 } from './text-encoding.js';
import { eolOf } from './text-lines.js';
import { nearMiss } from './text-near-miss.js';
import { findBytes } from './text-search.js';

const MAX_SHOWN_LINES = 5;

export interface Spliced {
  readonly data: Buffer;
  /** Per edit. */
  readonly replaced: readonly number[];
}

export interface SpliceBounds {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Applies edits one after the other, each to what the one before left. Only the bytes found change: all
 * others stay, whatever encoding they are in. In a file whose every line ends in CRLF, line feeds of an edit
 * stand for CRLF.
 * @throws ServerError INVALID_ARGUMENT when an edit's text occurs another number of times than expected,
 *   UNSUPPORTED_ENCODING, LIMIT
 */
export async function splice(before: Buffer, edits: readonly Edit[], bounds: SpliceBounds): Promise<Spliced> {
  if (isUtf16(encodingOf(before))) throw unsupported('The file is UTF-16, which is edited only as a whole.');
  const isCrlf = eolOf(before) === 'crlf';
  const isText = isUtf8(before);
  const replaced: number[] = [];
  let data = before;
  for (const [index, edit] of edits.entries()) {
    bounds.signal.throwIfAborted();
    const old = bytesOf(edit.old, isCrlf);
    const young = bytesOf(edit.new, isCrlf);
    if (!isText && !(isAscii(old) && isAscii(young)))
      throw unsupported('The file is not UTF-8, so only ASCII text in it can be edited.');
    data = applyOne(data, { index, edit, old, young }, bounds.maxBytes);
    replaced.push(edit.expected_count ?? 1);
    // A turn of the event loop between edits: each one passes over the whole file.
    await nextTurn();
  }
  return { data, replaced };
}

interface Step {
  readonly index: number;
  readonly edit: Edit;
  readonly old: Buffer;
  readonly young: Buffer;
}

function applyOne(data: Buffer, step: Step, maxBytes: number): Buffer {
  const { old, young, edit } = step;
  const expected = edit.expected_count ?? 1;
  const { count, positions } = findBytes(data, old, Math.max(expected, MAX_SHOWN_LINES));
  if (count !== expected) throw miscounted(data, step, count, positions);
  const size = data.length + count * (young.length - old.length);
  if (size > maxBytes)
    throw new ServerError('LIMIT', `The file would have ${size} bytes; at most ${maxBytes} are written.`);
  if (old.equals(young)) return data;
  const parts: Buffer[] = [];
  let end = 0;
  for (const position of positions) {
    parts.push(data.subarray(end, position), young);
    end = position + old.length;
  }
  parts.push(data.subarray(end));
  return Buffer.concat(parts, size);
}

function miscounted(data: Buffer, { index, edit }: Step, count: number, positions: readonly number[]): ServerError {
  const times = count === 1 ? '1 time' : `${count} times`;
  const message = `edits[${index}].old occurs ${times}, expected ${edit.expected_count ?? 1}. Nothing was changed.`;
  if (count === 0) {
    const close = nearMiss(data.toString('utf8'), edit.old);
    return new ServerError('INVALID_ARGUMENT', message, {
      hint: close ?? 'No line is close to it; read the file again.',
    });
  }
  const lines = linesAt(data, positions.slice(0, MAX_SHOWN_LINES)).join(', ');
  const more = count > MAX_SHOWN_LINES ? ', …' : '';
  return new ServerError('INVALID_ARGUMENT', message, {
    hint: `It is at line ${lines}${more}. Add text around it, or set expected_count.`,
  });
}

/** @param positions ascending */
function linesAt(data: Buffer, positions: readonly number[]): number[] {
  const lines: number[] = [];
  let line = 1;
  let at = 0;
  for (const position of positions) {
    for (; at < position; at++) if (data[at] === 10) line++;
    lines.push(line);
  }
  return lines;
}

const bytesOf = (text: string, isCrlf: boolean): Buffer => Buffer.from(isCrlf ? text.replace(/\r?\n/g, '\r\n') : text);

const unsupported = (reason: string): ServerError =>
  new ServerError('UNSUPPORTED_ENCODING', reason, { hint: 'write_file replaces the whole file.' });
