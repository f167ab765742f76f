import { utf8Boundary } from './text-encoding.js';

/** A piece of a text, always one unbroken stretch of it. */
export interface TextPiece {
  readonly bytes: Buffer;
  /** Number of the first line; `undefined` where lines were not counted from the start, or nothing was found. */
  readonly startLine?: number;
  readonly endLine?: number;
  /** Whether more was asked for than fits. */
  readonly truncated: boolean;
  /** Where reading can go on to get the rest. */
  readonly nextStartLine?: number;
}

export interface LineWindow {
  /** Takes the next bytes of the text. @param lineStarts positions in the chunk after each newline */
  push(chunk: Buffer, startsAt: number, lines: readonly number[]): void;
  finish(totalLines: number | undefined): TextPiece;
}

const LF = 10;

/** Lines `first` to `last` of a text that arrives in chunks, as far as `maxBytes` go; holds no more than that. */
export class LineRange {
  private readonly parts: Buffer[] = [];
  private size = 0;
  private started = false;
  private ended = false;

  constructor(
    private readonly first: number,
    private readonly last: number,
    private readonly maxBytes: number,
  ) {
    this.started = first === 1;
  }

  /** Whether nothing that is still to come can matter. */
  get isComplete(): boolean {
    return this.ended || this.size > this.maxBytes;
  }

  /**
   * @param edges positions in the chunk where line `first` starts and where line `last` ends, where they lie in it
   */
  push(chunk: Buffer, edges: { readonly start?: number; readonly end?: number }): void {
    if (this.isComplete) return;
    if (edges.start !== undefined) this.started = true;
    if (this.started) {
      const from = edges.start ?? 0;
      const wanted = this.maxBytes + 1 - this.size;
      const part = chunk.subarray(from, Math.min(edges.end ?? chunk.length, from + wanted));
      this.parts.push(Buffer.from(part));
      this.size += part.length;
    }
    if (edges.end !== undefined) this.ended = true;
  }

  /** @param isWhole whether the text came to its end, so that what is there is all there is */
  finish(isWhole: boolean): TextPiece {
    const all = Buffer.concat(this.parts);
    if (all.length === 0 && isWhole) return { bytes: all, truncated: false };
    if (all.length <= this.maxBytes && (isWhole || this.ended)) return this.piece(all, false);
    const limit = Math.min(all.length, this.maxBytes);
    const lineEnd = all.lastIndexOf(LF, limit - 1) + 1;
    return this.piece(all.subarray(0, lineEnd > 0 && limit > 0 ? lineEnd : utf8Boundary(all, limit)), true);
  }

  private piece(bytes: Buffer, truncated: boolean): TextPiece {
    const newlines = countNewlines(bytes);
    const endsLine = bytes.length > 0 && bytes.at(-1) === LF;
    const endLine = this.first + newlines - (endsLine ? 1 : 0);
    const next = bytes.length === 0 ? this.first : endLine + 1;
    return {
      bytes,
      truncated,
      ...(bytes.length > 0 && { startLine: this.first, endLine }),
      ...(truncated && { nextStartLine: next }),
    };
  }
}

/** The last `count` lines of a text that arrives in chunks, as far as `maxBytes` go back; holds little more than that. */
export class LineTail {
  private readonly parts: Buffer[] = [];
  private size = 0;
  private dropped = false;

  constructor(
    private readonly count: number,
    private readonly maxBytes: number,
  ) {}

  push(chunk: Buffer): void {
    this.parts.push(chunk);
    this.size += chunk.length;
    // One byte more than asked for: it shows whether the stretch begins at the start of a line.
    while (this.size - this.parts[0]!.length > this.maxBytes) {
      this.size -= this.parts.shift()!.length;
      this.dropped = true;
    }
  }

  /** @param totalLines undefined where they were not counted from the start of the text */
  finish(totalLines: number | undefined, beganAtStart: boolean): TextPiece {
    const all = Buffer.concat(this.parts);
    const from = this.startOfTail(all);
    const complete = from > 0 || (!this.dropped && beganAtStart);
    if (complete && all.length - from <= this.maxBytes) return this.piece(all.subarray(from), false, totalLines);
    const earliest = Math.max(0, all.length - this.maxBytes);
    const lineStart = earliest === 0 ? 0 : all.indexOf(LF, earliest - 1) + 1;
    const cut = lineStart > 0 && lineStart < all.length ? lineStart : nextCharacter(all, earliest);
    return this.piece(all.subarray(cut), true, totalLines);
  }

  /** Where the last `count` lines begin; 0 where that is before what is held. */
  private startOfTail(all: Buffer): number {
    let position = all.length;
    for (let left = this.count; left > 0 && position > 0; left--) {
      const newline = position < 2 ? -1 : all.lastIndexOf(LF, position - 2);
      position = newline + 1;
    }
    return position;
  }

  private piece(bytes: Buffer, truncated: boolean, totalLines: number | undefined): TextPiece {
    const endsLine = bytes.length > 0 && bytes.at(-1) === LF;
    const lines = countNewlines(bytes) + (bytes.length === 0 || endsLine ? 0 : 1);
    const counted = totalLines !== undefined && lines > 0;
    return {
      bytes,
      truncated,
      ...(counted && { startLine: totalLines - lines + 1, endLine: totalLines }),
      ...(truncated && totalLines !== undefined && { nextStartLine: Math.max(1, totalLines - this.count + 1) }),
    };
  }
}

function nextCharacter(bytes: Uint8Array, from: number): number {
  let position = from;
  while (position < bytes.length && (bytes[position]! & 0xc0) === 0x80) position++;
  return position;
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === LF) count++;
  return count;
}
