import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ServerError } from '@app/mcp';
import { encodingOf, isUtf16, markBytes, type TextEncoding } from './text-encoding.js';
import { type Eol, LineCount } from './text-lines.js';
import type { TextPiece } from './text-piece.js';
import { type Edges, LineRange } from './text-range.js';
import { readAt, readInto } from './text-read.js';
import { LineTail } from './text-tail.js';

const CHUNK_BYTES = 262_144;

/** Which lines are wanted, numbers from 1, and how many bytes of them at most. */
export interface TextRequest {
  readonly first: number;
  /** `Infinity` for all that follow. */
  readonly last: number;
  /** The last so many lines instead. */
  readonly tail?: number;
  readonly maxBytes: number;
}

export interface ScannedText {
  readonly piece: TextPiece;
  readonly encoding: TextEncoding;
  /** Bytes of the file that were read. */
  readonly bytesRead: number;
  /** Of the whole file; missing where it is larger than what is scanned. */
  readonly whole?: { readonly sha256: string; readonly totalLines: number; readonly eol: Eol };
}

export interface ScanBounds {
  /** Bytes of the file looked at. */
  readonly maxScanBytes: number;
  /** What the file system says the file has: decides what is worth doing, never how much is read. */
  readonly claimedBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Reads a file once, in chunks, and takes from it the wanted lines, their number and the hash of all. Memory
 * stays at a few chunks whatever the file is or becomes meanwhile.
 */
export class TextScan {
  private readonly hash = createHash('sha256');
  private readonly count = new LineCount();
  private readonly isHuge: boolean;

  constructor(
    private readonly handle: FileHandle,
    private readonly request: TextRequest,
    private readonly bounds: ScanBounds,
  ) {
    this.isHuge = bounds.claimedBytes > bounds.maxScanBytes;
  }

  /** @throws ServerError LIMIT where the first line lies beyond what is scanned, UNSUPPORTED_ENCODING for broken UTF-16 */
  async run(): Promise<ScannedText> {
    const encoding = encodingOf(await readAt(this.handle, 0, 4));
    if (this.request.tail === undefined) return this.scanRange(encoding);
    const { tail, maxBytes } = this.request;
    const from = this.isHuge ? seekFor(this.bounds.claimedBytes, maxBytes, encoding) : 0;
    const lines = new LineTail(tail, maxBytes, from === 0);
    const { bytesRead, isWhole } = await this.scan(encoding, from, (text) => lines.push(text));
    return this.answer(lines.finish(isWhole ? this.count.lines : undefined), encoding, bytesRead, isWhole);
  }

  private async scanRange(encoding: TextEncoding): Promise<ScannedText> {
    const { first, maxBytes } = this.request;
    const lines = new LineRange(first, maxBytes);
    const { bytesRead, isWhole } = await this.scan(encoding, 0, (text, edges) => {
      lines.push(text, edges);
      // The hash of a file this large is out of reach, so there is nothing to go on for.
      return this.isHuge && lines.isComplete;
    });
    if (!lines.wasReached && !isWhole)
      throw new ServerError(
        'LIMIT',
        `Line ${first} lies beyond the first ${bytesRead} bytes, which are all that is scanned.`,
        {
          hint: 'Use tail, or search_text.',
        },
      );
    return this.answer(lines.finish(isWhole), encoding, bytesRead, isWhole);
  }

  /** @param take given the text as UTF-8, chunk by chunk, in a buffer that is used again; true ends the scan */
  private async scan(
    encoding: TextEncoding,
    from: number,
    take: (text: Buffer, edges: Edges) => boolean | void,
  ): Promise<{ bytesRead: number; isWhole: boolean }> {
    const decode = decoderOf(encoding, from === 0);
    // One buffer for all chunks: garbage of this size is collected late.
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let bytesRead = 0; ;) {
      this.bounds.signal.throwIfAborted();
      const room = this.bounds.maxScanBytes - bytesRead;
      const chunk = await readInto(this.handle, from + bytesRead, buffer.subarray(0, Math.max(1, room)));
      if (chunk.length === 0) {
        decode();
        return { bytesRead, isWhole: from === 0 };
      }
      if (room <= 0) return { bytesRead, isWhole: false };
      this.hash.update(chunk);
      const text = decode(from + bytesRead === 0 ? chunk.subarray(markBytes(encoding)) : chunk);
      bytesRead += chunk.length;
      if (take(text, this.countLines(text))) return { bytesRead, isWhole: false };
    }
  }

  private countLines(text: Buffer): Edges {
    const edges: { start?: number; end?: number } = {};
    const { first, last } = this.request;
    this.count.push(text, (position, line) => {
      if (line === first) edges.start = position;
      if (line === last + 1) edges.end = position;
    });
    return edges;
  }

  private answer(piece: TextPiece, encoding: TextEncoding, bytesRead: number, isWhole: boolean): ScannedText {
    if (!isWhole) return { piece, encoding, bytesRead };
    const { lines: totalLines, eol } = this.count;
    return { piece, encoding, bytesRead, whole: { sha256: this.hash.digest('hex'), totalLines, eol } };
  }
}

/** Far enough before the end for the tail and the byte before it, at the start of a UTF-16 unit. */
function seekFor(size: number, maxBytes: number, encoding: TextEncoding): number {
  const start = Math.max(0, size - (isUtf16(encoding) ? 2 * maxBytes : maxBytes) - CHUNK_BYTES);
  return start - (start % 2);
}

/** Chunks as UTF-8; called without a chunk at the end. @param fatal false where the first chunk may begin inside a character */
function decoderOf(encoding: TextEncoding, fatal: boolean): (chunk?: Buffer) => Buffer {
  if (!isUtf16(encoding)) return (chunk = Buffer.alloc(0)) => chunk;
  const decoder = new TextDecoder(encoding, { fatal, ignoreBOM: true });
  return (chunk) => {
    try {
      return Buffer.from(chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }));
    } catch {
      throw unsupportedEncoding('The file has a UTF-16 byte order mark and is not valid UTF-16.');
    }
  };
}

export const unsupportedEncoding = (reason: string): ServerError =>
  new ServerError('UNSUPPORTED_ENCODING', reason, { hint: 'Read it with as: "base64".' });
