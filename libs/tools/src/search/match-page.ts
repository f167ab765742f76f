import type { TextMatch } from './search-text.schema.js';

/** Matches of one answer, as many as fit. */
export class MatchPage {
  readonly matches: TextMatch[] = [];
  fullBy?: 'matches' | 'bytes';
  private bytes = 0;

  constructor(
    private readonly maxMatches: number,
    private readonly maxBytes: number,
  ) {}

  /** @returns whether it fitted; nothing fits any more once something did not */
  add(match: TextMatch): boolean {
    const bytes = sizeOf(match);
    if (this.matches.length >= this.maxMatches) this.fullBy ??= 'matches';
    else if (this.bytes + bytes > this.maxBytes && this.matches.length > 0) this.fullBy ??= 'bytes';
    if (this.fullBy !== undefined) return false;
    this.bytes += bytes;
    this.matches.push(match);
    return true;
  }

  /** A line behind the last match. */
  addAfter(line: string): void {
    const last = this.matches.at(-1);
    if (last === undefined || this.fullBy !== undefined) return;
    (last.after ??= []).push(line);
    this.bytes += sizeOf(line);
  }
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
