import { countNewlines, LF } from './text-lines.js';
import { utf8Boundary } from './text-encoding.js';
import type { TextPiece } from './text-piece.js';

/** Positions in a chunk where the wanted lines begin and end, where they do so in it. */
export interface Edges {
  readonly start?: number;
  readonly end?: number;
}

/**
 * Lines from `first` on of a text that arrives in chunks, as far as `maxBytes` go; holds no more than that.
 * Too much is cut after a whole line, or inside the first line where that alone is too long.
 */
export class LineRange {
  private readonly parts: Buffer[] = [];
  private size = 0;
  private hasStarted: boolean;
  private hasEnded = false;

  constructor(
    private readonly first: number,
    private readonly maxBytes: number,
  ) {
    this.hasStarted = first === 1;
  }

  /** Whether nothing that is still to come can matter. */
  get isComplete(): boolean {
    return this.hasEnded || this.size > this.maxBytes;
  }

  /** Whether the first line was reached. */
  get wasReached(): boolean {
    return this.hasStarted;
  }

  push(chunk: Buffer, edges: Edges): void {
    if (this.isComplete) return;
    if (edges.start !== undefined) this.hasStarted = true;
    if (this.hasStarted) {
      const from = edges.start ?? 0;
      const wanted = this.maxBytes + 1 - this.size;
      // A copy, so that a few bytes do not keep their whole chunk in memory.
      const part = Buffer.from(chunk.subarray(from, Math.min(edges.end ?? chunk.length, from + wanted)));
      this.parts.push(part);
      this.size += part.length;
    }
    if (edges.end !== undefined) this.hasEnded = true;
  }

  /** @param isWhole whether the text came to its end, so that what is here is all there is */
  finish(isWhole: boolean): TextPiece {
    const all = Buffer.concat(this.parts);
    if (all.length <= this.maxBytes && (isWhole || this.hasEnded)) return this.piece(all, false);
    const limit = Math.min(all.length, this.maxBytes);
    const lineEnd = limit === 0 ? 0 : all.lastIndexOf(LF, limit - 1) + 1;
    return this.piece(all.subarray(0, lineEnd > 0 ? lineEnd : utf8Boundary(all, limit)), true);
  }

  private piece(bytes: Buffer, truncated: boolean): TextPiece {
    if (bytes.length === 0) return { bytes, truncated, ...(truncated && { nextStartLine: this.first }) };
    const endLine = this.first + countNewlines(bytes) - (bytes.at(-1) === LF ? 1 : 0);
    return { bytes, startLine: this.first, endLine, truncated, ...(truncated && { nextStartLine: endLine + 1 }) };
  }
}
