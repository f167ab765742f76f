import { Transform, type TransformCallback } from 'node:stream';
import type { Limits } from '@app/config';
import { JsonRefusal, parseJson } from '@app/security';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const INVALID_REQUEST = -32600;
const PARSE_ERROR = -32700;

/**
 * The strictness of the HTTP edge for lines of stdin: whatever is no acceptable message is answered and dropped, and
 * the next line is served. A line that is too long is thrown away as it comes, so it takes no memory.
 */
export class LineGuard extends Transform {
  private readonly parts: Buffer[] = [];
  private bytes = 0;
  private overlong = false;

  /** @param refuse writes an error answer that belongs to no request. */
  constructor(
    private readonly limits: Limits,
    private readonly refuse: (code: number, message: string) => void,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.keep(chunk.subarray(start, end));
      this.endLine();
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
    done();
  }

  private keep(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes > this.limits.stdioLineBytes) {
      this.overlong = true;
      this.parts.length = 0;
    } else if (part.length > 0) this.parts.push(part);
  }

  private endLine(): void {
    const line = Buffer.concat(this.parts);
    const { overlong } = this;
    this.parts.length = 0;
    this.bytes = 0;
    this.overlong = false;
    if (overlong) this.refuse(INVALID_REQUEST, `LIMIT: the line is longer than ${this.limits.stdioLineBytes} bytes`);
    else this.pass(line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line);
  }

  private pass(line: Buffer): void {
    if (line.length === 0) return;
    try {
      const { value, reachesForPrototype } = parseJson(line, this.limits);
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return this.refuse(INVALID_REQUEST, 'A line must be one JSON-RPC message; batches are not supported');
      if (reachesForPrototype) return this.refuse(INVALID_REQUEST, 'The message has a member named __proto__');
      this.push(Buffer.concat([line, Buffer.of(NEWLINE)]));
    } catch (error) {
      if (error instanceof JsonRefusal) this.refuse(error.code, error.message);
      else this.refuse(PARSE_ERROR, 'The line cannot be read');
    }
  }
}
