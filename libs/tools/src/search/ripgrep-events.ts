import { showName } from '../listing/index.js';
import type { FoundMatch, Range } from './search-engine.js';
import type { JsonLine } from './json-lines.js';

/** More of one line are counted as cut. */
const MAX_SUBMATCHES = 200;

/** ripgrep's way to give text that may not be UTF-8. */
type Data = { readonly text: string } | { readonly bytes: string };

interface Message {
  readonly type: string;
  readonly data: {
    readonly path?: Data;
    readonly lines?: Data;
    readonly line_number?: number;
    readonly submatches?: readonly Range[];
  };
}

/** A path as ripgrep gives it: relative to the searched folder, without the leading `./`. */
export interface EventPath {
  readonly text: string;
  readonly unreadable: boolean;
}
export type RipgrepEvent =
  | { readonly type: 'begin'; readonly path: EventPath }
  | { readonly type: 'match' | 'context'; readonly found: Omit<FoundMatch, 'path'> }
  | { readonly type: 'summary' };

/** What one line of `rg --json` says; undefined where it is nothing of interest. */
export function readEvent(line: JsonLine): RipgrepEvent | undefined {
  if ('head' in line) return readLong(line.head, line.tail);
  const { type, data } = JSON.parse(line.whole.toString('utf8')) as Message;
  if (type === 'summary') return { type };
  if (type === 'begin') return { type, path: readPath(bytesOf(data.path!)) };
  if (type !== 'match' && type !== 'context') return undefined;
  const bytes = bytesOf(data.lines!);
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  const all = data.submatches ?? [];
  const submatches = toUtf16(bytes, all.slice(0, MAX_SUBMATCHES));
  const isPart = all.length > MAX_SUBMATCHES;
  return { type, found: { line: data.line_number ?? 0, text, submatches, ...(isPart && { isPart }) } };
}

const bytesOf = (data: Data): Buffer => ('text' in data ? Buffer.from(data.text) : Buffer.from(data.bytes, 'base64'));

function readPath(bytes: Buffer): EventPath {
  const isBelow = bytes[0] === 0x2e && bytes[1] === 0x2f;
  return showName(isBelow ? bytes.subarray(2) : bytes);
}

/** Byte offsets to UTF-16 offsets, in one pass. */
function toUtf16(bytes: Buffer, ranges: readonly Range[]): Range[] {
  let atByte = 0;
  let atUnit = 0;
  const advance = (to: number): number => {
    atUnit += bytes.toString('utf8', atByte, to).length;
    atByte = to;
    return atUnit;
  };
  return ranges.map(({ start, end }) => ({ start: advance(start), end: advance(end) }));
}

/** A line too long to be parsed: its beginning, its number, and its matches as far as they are known. */
function readLong(head: Buffer, tail: Buffer): RipgrepEvent | undefined {
  const start = head.toString('latin1', 0, 64).match(/^\{"type":"(match|context)"/);
  if (start === null) return undefined;
  const bytes = textAtHead(head);
  const rest = tail.toString('latin1');
  const line = Number(/"line_number":(\d+)/.exec(rest)?.[1] ?? 0);
  const ranges = Array.from(rest.matchAll(/"start":(\d+),"end":(\d+)/g), ([, from, to]) => ({
    start: Number(from),
    end: Number(to),
  }));
  const inside = ranges.filter(({ end }) => end <= bytes.length);
  return {
    type: start[1] as 'match' | 'context',
    found: {
      line,
      text: bytes.toString('utf8').replace(/\ufffd$/, ''),
      submatches: toUtf16(bytes, inside),
      isPart: true,
      ...(inside.length === 0 && ranges[0] !== undefined && { firstStart: ranges[0].start }),
    },
  };
}

/** The beginning of the text of a match, from a line cut anywhere. */
function textAtHead(head: Buffer): Buffer {
  const source = head.toString('utf8');
  const from = /"lines":\{"(text|bytes)":"/.exec(source);
  if (from === null) return Buffer.alloc(0);
  const body = source.slice(from.index + from[0].length);
  if (from[1] === 'bytes') return Buffer.from(body.slice(0, body.length - (body.length % 4)), 'base64');
  // Leaves out an escape or a character that the cut went through.
  const whole = /^(?:[^"\\]|\\(?:u[0-9a-fA-F]{4}|[^u]))*/.exec(body)![0].replace(/\ufffd$/, '');
  return Buffer.from(JSON.parse(`"${whole}"`) as string);
}
