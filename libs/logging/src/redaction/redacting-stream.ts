import { StringDecoder } from 'node:string_decoder';
import { Transform, type TransformCallback } from 'node:stream';
import { ChunkRedactor, type ChunkRedactorOptions } from './chunk-redactor.js';

/** A stream of UTF-8 with secrets and personal data taken out, also where they are cut in two. Gives whole lines. */
export class RedactingStream extends Transform {
  private readonly redactor: ChunkRedactor;
  private readonly decoder = new StringDecoder('utf8');

  constructor(options: ChunkRedactorOptions = {}) {
    super();
    this.redactor = new ChunkRedactor(options);
  }

  override _transform(chunk: Buffer | string, _encoding: BufferEncoding, done: TransformCallback): void {
    const text = this.redactor.push(typeof chunk === 'string' ? chunk : this.decoder.write(chunk));
    done(null, text === '' ? undefined : text);
  }

  override _flush(done: TransformCallback): void {
    const text = this.redactor.push(this.decoder.end()) + this.redactor.flush();
    done(null, text === '' ? undefined : text);
  }
}
