import { countNewlines, LF } from './text-lines.js';
import type { TextPiece } from './text-piece.js';

/**
 * The last `count` lines of a text that arrives in chunks, as far as `maxBytes` go back; holds little more
 * than that. Too much is cut before a whole line, or inside the last line where that alone is too long.
 */
export class LineTail {
  /** Bytes kept at least: one more than the bound, which shows whether the tail begins a line. */
  private readonly kept: number;
  private readonly window: Buffer;
  private used = 0;

  constructor(
    private readonly count: number,
    private readonly maxBytes: number,
    /** Whether the window begins where the text begins; at first, whether the first chunk does. */
    private hasStart: boolean,
  ) {
    this.kept = maxBytes + 1;
    this.window = Buffer.allocUnsafeSlow(2 * this.kept);
  }

  /** The chunk is copied, its buffer may be used again. */
  push(chunk: Buffer): void {
    if (this.used + chunk.length > this.window.length) this.makeRoom();
    const part = chunk.length > this.kept ? chunk.subarray(-this.kept) : chunk;
    if (part.length < chunk.length) {
      this.used = 0;
      this.hasStart = false;
    }
    this.used += part.copy(this.window, this.used);
  }

  private makeRoom(): void {
    if (this.used <= this.kept) return;
    this.window.copyWithin(0, this.used - this.kept, this.used);
    this.used = this.kept;
    this.hasStart = false;
  }

  /** @param totalLines undefined where they were not counted from the start of the text */
  finish(totalLines: number | undefined): TextPiece {
    const all = this.window.subarray(0, this.used);
    const from = this.startOfTail(all);
    const isThere = from > 0 || this.hasStart;
    if (isThere && all.length - from <= this.maxBytes) return this.piece(all.subarray(from), false, totalLines);
    const earliest = Math.max(0, all.length - this.maxBytes);
    const lineStart = earliest === 0 ? 0 : all.indexOf(LF, earliest - 1) + 1;
    const cut = lineStart > 0 && lineStart < all.length ? lineStart : nextCharacter(all, earliest);
    return this.piece(all.subarray(cut), true, totalLines);
  }

  /** Where the last `count` lines begin; 0 where that is before what is held. */
  private startOfTail(all: Buffer): number {
    let position = all.length;
    for (let left = this.count; left > 0 && position > 0; left--)
      position = position < 2 ? 0 : all.lastIndexOf(LF, position - 2) + 1;
    return position;
  }

  private piece(bytes: Buffer, truncated: boolean, totalLines: number | undefined): TextPiece {
    const lines = countNewlines(bytes) + (bytes.length === 0 || bytes.at(-1) === LF ? 0 : 1);
    return {
      bytes,
      truncated,
      ...(totalLines !== undefined && lines > 0 && { startLine: totalLines - lines + 1, endLine: totalLines }),
      ...(truncated && totalLines !== undefined && { nextStartLine: Math.max(1, totalLines - this.count + 1) }),
    };
  }
}

function nextCharacter(bytes: Uint8Array, from: number): number {
  let position = from;
  while (position < bytes.length && (bytes[position]! & 0xc0) === 0x80) position++;
  return position;
}
