import { countNewlines, LF } from './text-lines.js';
import type { TextPiece } from './text-piece.js';

/**
 * The last `count` lines of a text that arrives in chunks, as far as `maxBytes` go back; holds little more
 * than that. Too much is cut before a whole line, or inside the last line where that alone is too long.
 */
export class LineTail {
  private readonly parts: Buffer[] = [];
  private size = 0;
  /** Whether `parts` begin where the text begins. */
  private hasStart: boolean;

  constructor(
    private readonly count: number,
    private readonly maxBytes: number,
    /** Whether the first chunk is the start of the text. */
    fromStart: boolean,
  ) {
    this.hasStart = fromStart;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.parts.push(chunk);
    this.size += chunk.length;
    // More than `maxBytes` stay, so the byte before the tail shows whether the tail begins a line.
    while (this.size - this.parts[0]!.length > this.maxBytes) {
      this.size -= this.parts.shift()!.length;
      this.hasStart = false;
    }
  }

  /** @param totalLines undefined where they were not counted from the start of the text */
  finish(totalLines: number | undefined): TextPiece {
    const all = Buffer.concat(this.parts);
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
