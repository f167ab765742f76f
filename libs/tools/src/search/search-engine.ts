import type { OpenDirectory, OpenFile } from '@app/resources';
import type { Glob, IgnoreRules } from '../listing/index.js';

/** Where to search: a folder held open, or one file. */
export type SearchPlace =
  | {
      readonly kind: 'directory';
      readonly directory: OpenDirectory;
      /** Ignore rules of the folders above; undefined searches what is ignored too. */
      readonly above?: IgnoreRules;
    }
  | { readonly kind: 'file'; readonly file: OpenFile };

export interface SearchRequest {
  readonly query: string;
  readonly literal: boolean;
  readonly case: 'smart' | 'sensitive' | 'insensitive';
  readonly multiline: boolean;
  /** Lines */
  readonly context: number;
  readonly include: readonly Glob[];
  readonly exclude: readonly Glob[];
  readonly place: SearchPlace;
}

/** Offsets in UTF-16 units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface FoundLine {
  /** Relative to the workspace. */
  readonly path: string;
  readonly unreadableName?: boolean;
  /** From 1. */
  readonly line: number;
  /** Without the line's end. Of a match that spans lines: all of them. */
  readonly text: string;
}
export interface FoundMatch extends FoundLine {
  readonly submatches: readonly Range[];
  /** `text` is only the beginning of a line too long to be handled whole. */
  readonly isPart?: boolean;
  /** Offset of the first match where it lies behind that part. */
  readonly firstStart?: number;
}

/** Takes what is found, files in the order of their paths, lines in theirs. */
export interface SearchSink {
  /** @returns false to end the search */
  match(found: FoundMatch): boolean;
  context(line: FoundLine): void;
}

export interface SearchEnd {
  readonly by: 'done' | 'stopped' | 'time' | 'scanned';
  readonly skipped: { readonly binary: number; readonly large: number; readonly unreadable: number };
}

/** Something that searches. Both kinds search in time linear in the text, or are killed when their time is up. */
export interface SearchEngine {
  readonly name: 'ripgrep' | 'fallback';
  /** @throws ServerError UNSUPPORTED_REGEX; the signal's reason once nothing runs any more */
  search(request: SearchRequest, sink: SearchSink, signal: AbortSignal): Promise<SearchEnd>;
}
