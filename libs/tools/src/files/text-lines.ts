export const EOLS = ['lf', 'crlf', 'mixed', 'none'] as const;
export type Eol = (typeof EOLS)[number];

export const LF = 10;
const CR = 13;

/** Counts lines and their endings over chunks of UTF-8. A last line without an ending counts. */
export class LineCount {
  private newlines = 0;
  private carriageReturns = 0;
  private previous = LF;

  /** @param onLineEnd told the position after each newline and the number of the line that starts there */
  push(chunk: Uint8Array, onLineEnd?: (position: number, line: number) => void): void {
    let previous = this.previous;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index]!;
      if (byte === LF) {
        this.newlines++;
        if (previous === CR) this.carriageReturns++;
        onLineEnd?.(index + 1, this.newlines + 1);
      }
      previous = byte;
    }
    this.previous = previous;
  }

  get lines(): number {
    return this.newlines + (this.previous === LF ? 0 : 1);
  }

  get eol(): Eol {
    if (this.newlines === 0) return 'none';
    if (this.carriageReturns === 0) return 'lf';
    return this.carriageReturns === this.newlines ? 'crlf' : 'mixed';
  }
}

export function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let index = 0; index < bytes.length; index++) if (bytes[index] === LF) count++;
  return count;
}

/** Lines of whole content. */
export function countLines(bytes: Uint8Array): number {
  const count = new LineCount();
  count.push(bytes);
  return count.lines;
}

export function eolOf(bytes: Uint8Array): Eol {
  const count = new LineCount();
  count.push(bytes);
  return count.eol;
}
