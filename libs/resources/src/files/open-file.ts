import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** A regular file, opened without following a link and without a chance to have been swapped. Whoever opens it closes it. */
export class OpenFile implements AsyncDisposable {
  constructor(
    /** Relative to the workspace root, links resolved. */
    readonly canonical: string,
    readonly handle: FileHandle,
    /** Of the opened file itself. `size` is what the file system claims, not what can be read. */
    readonly stats: Stats,
  ) {}

  close(): Promise<void> {
    return this.handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
