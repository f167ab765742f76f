import type { Limits } from '@app/config';
import { cutLine, cutMatch } from './cut-text.js';
import { MatchPage } from './match-page.js';
import type { FoundLine, FoundMatch, SearchEnd, SearchSink } from './search-engine.js';
import type { SearchTextOutput, TextMatch } from './search-text.schema.js';

export interface CollectorOptions {
  /** Matches of earlier pages. */
  readonly skip: number;
  readonly pageSize: number;
  /** Sum up what does not fit, instead of ending at the end of the page. */
  readonly mayDegrade: boolean;
  readonly context: number;
  readonly limits: Limits;
}

export type Collected = Omit<SearchTextOutput, 'skipped' | 'engine' | 'next_cursor'> & { readonly nextSkip?: number };

/**
 * Holds three views of one search while it runs, each bounded: all matches, the first of each file, and a number per
 * file. A view that overflows is dropped, and the answer is the most detailed one that is left.
 */
export class MatchCollector implements SearchSink {
  private readonly all: MatchPage;
  private readonly firsts: MatchPage;
  private readonly counts: { path: string; count: number }[] = [];
  private countBytes = 0;
  private countsFull = false;
  private files = 0;
  private total = 0;
  private path?: string;
  private lastEnd = 0;
  private recent: FoundLine[] = [];
  private hitCap = false;

  constructor(private readonly options: CollectorOptions) {
    const { searchAnswerBytes, searchMatches } = options.limits;
    this.all = new MatchPage(options.pageSize, searchAnswerBytes);
    this.firsts = new MatchPage(searchMatches, searchAnswerBytes);
  }

  match(found: FoundMatch): boolean {
    const isFirst = found.path !== this.path;
    if (isFirst) this.enterFile(found.path);
    this.total++;
    if (!this.countsFull) this.counts.at(-1)!.count++;
    const match = this.describe(found);
    this.lastEnd = found.line + lineBreaks(found.text);
    const isSkipped = this.total <= this.options.skip;
    if (!isSkipped && !this.all.add(match) && !this.options.mayDegrade) return false;
    if (isFirst) this.firsts.add(withoutContext(match));
    this.hitCap = this.total >= this.options.limits.searchScannedMatches + this.options.skip;
    return !this.hitCap;
  }

  context(line: FoundLine): void {
    const last = this.recent.at(-1);
    if (last?.path !== line.path) this.recent = [];
    // A line between two matches may be told as behind the one and again as before the other.
    else if (line.line <= last.line) return;
    if (
      line.path === this.path &&
      this.total > this.options.skip &&
      line.line > this.lastEnd &&
      line.line <= this.lastEnd + this.options.context
    )
      this.all.addAfter(this.cutLine(line));
    this.recent.push(line);
    if (this.recent.length > this.options.context) this.recent.shift();
  }

  /** @param end how the search ended */
  answer({ by }: Pick<SearchEnd, 'by'>): Collected {
    const cutBy: 'time' | 'scanned' | undefined =
      by === 'time' ? 'time' : by === 'scanned' || this.hitCap ? 'scanned' : undefined;
    const { fullBy, matches } = this.all;
    const isWhole = by === 'done';
    const truncatedBy = cutBy ?? fullBy;
    const common = {
      files: this.files,
      ...(isWhole && { total_matches: this.total }),
      truncated: truncatedBy !== undefined,
      ...(truncatedBy !== undefined && { truncated_by: truncatedBy }),
    };
    if (fullBy === undefined) return { ...common, matches, degraded_to: 'none' };
    if (!this.options.mayDegrade)
      return { ...common, matches, degraded_to: 'none', nextSkip: this.options.skip + matches.length };
    if (this.firsts.fullBy === undefined)
      return { ...common, matches: this.firsts.matches, degraded_to: 'first_lines', nextSkip: 0 };
    return { ...common, matches: [], degraded_to: 'counts', counts: this.counts, nextSkip: 0 };
  }

  private enterFile(path: string): void {
    this.path = path;
    this.files++;
    this.lastEnd = 0;
    if (this.recent[0]?.path !== path) this.recent = [];
    const { searchMatches, searchAnswerBytes } = this.options.limits;
    this.countBytes += Buffer.byteLength(JSON.stringify(path)) + 24;
    this.countsFull ||= this.counts.length >= searchMatches || this.countBytes > searchAnswerBytes;
    if (!this.countsFull) this.counts.push({ path, count: 0 });
  }

  private describe(found: FoundMatch): TextMatch {
    const { context, limits } = this.options;
    const { text, submatches, column, cut } = cutMatch(found, limits.searchLineChars);
    const before = this.recent
      .filter(({ line }) => line >= found.line - context && line < found.line)
      .map((line) => this.cutLine(line));
    return {
      path: found.path,
      line: found.line,
      column,
      text,
      submatches,
      ...(cut && { cut }),
      ...(before.length > 0 && { before }),
      ...(found.unreadableName && { unreadable_name: true }),
    };
  }

  private cutLine({ text }: FoundLine): string {
    return cutLine(text, this.options.limits.searchLineChars);
  }
}

const withoutContext = ({ before: _before, after: _after, ...match }: TextMatch): TextMatch => match;

const lineBreaks = (text: string): number => text.split('\n').length - 1;
