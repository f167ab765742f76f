import { type FileHandle, open, unlink } from 'node:fs/promises';
import { errnoOf } from '@app/resources';

const NEW_LINE = 0x0a;

/** Lines from the front of a segment, and how many bytes they were. */
export interface Lines {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** One file of the journal: written at its end, read from its front. */
export class Segment {
  /** Bytes known to be written, and bytes of these that are stored elsewhere. */
  written = 0;
  stored = 0;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws EEXIST */
  static async create(path: string): Promise<Segment> {
    return new Segment(path, await open(path, 'wx+', 0o600));
  }

  /** One that another process left behind. */
  static async reopen(path: string): Promise<Segment> {
    const handle = await open(path, 'r');
    try {
      const segment = new Segment(path, handle);
      segment.written = (await handle.stat()).size;
      return segment;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** All or nothing: what a failed attempt has left is written over by the next. */
  async append(data: Uint8Array, syncs: boolean): Promise<void> {
    for (let done = 0; done < data.byteLength;) {
      const { bytesWritten } = await this.handle.write(data, done, data.byteLength - done, this.written + done);
      if (bytesWritten === 0) throw Object.assign(new Error('a write took no bytes'), { code: 'ENOSPC' });
      done += bytesWritten;
    }
    if (syncs) await this.handle.datasync();
    this.written += data.byteLength;
  }

  /**
   * The next lines that are not stored. Does not move on: only who has stored them does.
   * @param maxBytes more than the longest line
   * @returns a last line without its end only when nothing else is left
   */
  async next(maxBytes: number): Promise<Lines | undefined> {
    const wanted = Math.min(maxBytes, this.written - this.stored);
    if (wanted <= 0) return undefined;
    const buffer = Buffer.allocUnsafe(wanted);
    let length = 0;
    while (length < wanted) {
      const { bytesRead } = await this.handle.read(buffer, length, wanted - length, this.stored + length);
      if (bytesRead === 0) throw new Error('the journal is shorter than what was written to it');
      length += bytesRead;
    }
    const end = buffer.lastIndexOf(NEW_LINE) + 1;
    const bytes = end === 0 ? length : end;
    const text = buffer.toString('utf8', 0, bytes);
    return { lines: text.split('\n').slice(0, end === 0 ? undefined : -1), bytes };
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await unlink(this.path).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
  }
}
