/** Cannot occur inside a JSON string, where quotes are escaped. Ends the text of a match. */
const MARK = Buffer.from('},"line_number":');
const HEAD_BYTES = 16_384;
const TAIL_BYTES = 4_096;

/** One JSON line, or the two ends of one that is too long to be kept. */
export type JsonLine = { readonly whole: Buffer } | { readonly head: Buffer; readonly tail: Buffer };

/** Cuts a stream into JSON lines with a bound on what it holds: a match may be one line of many megabytes. */
export class JsonLines {
  private readonly chunks: Buffer[] = [];
  private held = 0;
  private long?: LongLine;

  constructor(private readonly maxBytes: number) {}

  *push(chunk: Buffer): Generator<JsonLine> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      this.take(end < 0 ? chunk.subarray(start) : chunk.subarray(start, end));
      if (end < 0) return;
      yield this.finish();
      start = end + 1;
    }
  }

  private take(piece: Buffer): void {
    if (this.long !== undefined) return this.long.push(piece);
    this.chunks.push(piece);
    this.held += piece.length;
    if (this.held <= this.maxBytes) return;
    this.long = new LongLine(Buffer.concat(this.chunks));
    this.chunks.length = 0;
  }

  private finish(): JsonLine {
    const line = this.long === undefined ? { whole: Buffer.concat(this.chunks) } : this.long.ends();
    this.chunks.length = 0;
    this.held = 0;
    this.long = undefined;
    return line;
  }
}

class LongLine {
  private readonly head: Buffer;
  private tail?: Buffer;
  /** The end of what was seen, in which the mark may have begun. */
  private seam: Buffer = Buffer.alloc(0);

  constructor(start: Buffer) {
    this.head = Buffer.from(start.subarray(0, HEAD_BYTES));
    this.push(start);
  }

  push(piece: Buffer): void {
    if (this.tail !== undefined) {
      if (this.tail.length < TAIL_BYTES) this.tail = Buffer.concat([this.tail, piece.subarray(0, TAIL_BYTES)]);
      return;
    }
    const seen = this.seam.length === 0 ? piece : Buffer.concat([this.seam, piece]);
    const at = seen.indexOf(MARK);
    if (at >= 0) this.tail = Buffer.from(seen.subarray(at, at + TAIL_BYTES));
    else this.seam = Buffer.from(seen.subarray(Math.max(0, seen.length - MARK.length)));
  }

  ends(): JsonLine {
    return { head: this.head, tail: this.tail ?? Buffer.alloc(0) };
  }
}
