import type { ListedEntry } from './list-files.schema.js';

/** An entry and its place in the order of the list. */
export interface Placed {
  readonly entry: ListedEntry;
  readonly key: string;
}

/** The entries of one answer, as many as fit. */
export class Page {
  readonly placed: Placed[] = [];
  fullBy?: 'entries' | 'bytes';
  private bytes = 0;

  constructor(
    private readonly maxEntries: number,
    private readonly maxBytes: number,
  ) {}

  /** @returns whether it fitted; nothing fits any more once something did not */
  add(placed: Placed): boolean {
    if (this.fullBy !== undefined) return false;
    const bytes = Buffer.byteLength(JSON.stringify(placed.entry)) + 1;
    if (this.placed.length >= this.maxEntries) this.fullBy = 'entries';
    else if (this.bytes + bytes > this.maxBytes && this.placed.length > 0) this.fullBy = 'bytes';
    if (this.fullBy !== undefined) return false;
    this.bytes += bytes;
    this.placed.push(placed);
    return true;
  }
}
