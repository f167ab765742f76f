import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import type { OpenFile } from '@app/resources';
import { TreeWalk, type WalkedEntry } from '../listing/index.js';
import type { MatchedLines } from './line-match.worker.js';
import { LineMatcher } from './line-matcher.js';
import type { SearchEnd, SearchEngine, SearchRequest, SearchSink } from './search-engine.js';

/** What is held of one file: this engine reads files whole, so it takes only smaller ones. */
const MAX_FILE_BYTES = 4_194_304;

/** Searches where ripgrep is missing: slower, with JavaScript's regular expressions, under the same bounds. */
export class FallbackEngine implements SearchEngine {
  readonly name = 'fallback';

  constructor(private readonly limits: Limits) {}

  async search(request: SearchRequest, sink: SearchSink, signal: AbortSignal): Promise<SearchEnd> {
    const source = request.literal ? escape(request.query) : request.query;
    const flags = `gmu${ignoresCase(request) ? 'i' : ''}`;
    checkPattern(source, flags);
    const { searchMs, searchScannedMatches: maxMatches } = this.limits;
    await using matcher = new LineMatcher({ source, flags, multiline: request.multiline, maxMatches });
    const run = new FallbackRun(request, sink, matcher, this.limits, signal);
    const stop = (): void => void matcher.stop();
    const timer = setTimeout(stop, searchMs).unref();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await run.run();
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

class FallbackRun {
  private by: SearchEnd['by'] = 'done';
  private readonly skipped = { binary: 0, large: 0, unreadable: 0 };

  constructor(
    private readonly request: SearchRequest,
    private readonly sink: SearchSink,
    private readonly matcher: LineMatcher,
    private readonly limits: Limits,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<SearchEnd> {
    const { place } = this.request;
    if (place.kind === 'file') await this.searchFile(place.file);
    else {
      const { signal, limits } = this;
      const walk = new TreeWalk({
        maxDepth: limits.walkDepth,
        maxMs: limits.searchMs,
        signal,
        limits,
        descend: (below) => !this.isExcluded(below),
        ...(place.above && { rules: place.above }),
      });
      for await (const entry of walk.entries(place.directory)) if (!(await this.visit(entry))) break;
      this.skipped.unreadable += walk.unreadable;
      if (this.by === 'done' && walk.cutBy !== undefined) this.by = walk.cutBy === 'time' ? 'time' : 'scanned';
    }
    this.signal.throwIfAborted();
    return { by: this.by, skipped: this.skipped };
  }

  private isExcluded(below: readonly string[]): boolean {
    return this.request.exclude.some((glob) => glob.matches(below));
  }

  private async visit({ kind, name, below, directory }: WalkedEntry): Promise<boolean> {
    if (kind !== 'file') return true;
    const { include } = this.request;
    if ((include.length > 0 && !include.some((glob) => glob.matches(below))) || this.isExcluded(below)) return true;
    try {
      if (name.unreadable) throw new ServerError('NOT_FOUND', 'A name that is no text cannot be opened.');
      await using file = await directory.openChildFile(name.text);
      return await this.searchFile(file);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code === 'OVERLOADED') throw error;
      this.skipped.unreadable++;
      return true;
    }
  }

  private async searchFile(file: OpenFile): Promise<boolean> {
    const text = await this.read(file);
    if (text === undefined) return true;
    const found = await this.matcher.match(text);
    if (found === undefined) this.by = 'time';
    else if (!this.tell(file.canonical, text, found)) this.by = 'stopped';
    return this.by === 'done';
  }

  private async read(file: OpenFile): Promise<string | undefined> {
    const buffer = Buffer.alloc(Math.min(file.stats.size, MAX_FILE_BYTES) + 1);
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if (bytes.includes(0)) this.skipped.binary++;
    else if (bytesRead > MAX_FILE_BYTES) this.skipped.large++;
    else return bytes.toString('utf8');
    return undefined;
  }

  /** @returns false where the sink has enough */
  private tell(path: string, text: string, found: readonly MatchedLines[]): boolean {
    const { context } = this.request;
    let line = 1;
    let told = 0;
    for (const [at, { start, end, submatches }] of found.entries()) {
      line += countBreaks(text, told, start);
      const before = linesBefore(text, start, context, at === 0 ? -1 : text.indexOf('\n', found[at - 1]!.end));
      for (const [index, each] of before.entries())
        this.sink.context({ path, line: line - before.length + index, text: each });
      if (!this.sink.match({ path, line, text: text.slice(start, end), submatches })) return false;
      const next = line + countBreaks(text, start, end) + 1;
      const after = linesAfter(text, end, context, found[at + 1]?.start ?? text.length);
      for (const [index, each] of after.entries()) this.sink.context({ path, line: next + index, text: each });
      told = start;
    }
    return true;
  }
}

function countBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** @param floor where the match before ends, or -1: its lines are not context */
function linesBefore(text: string, start: number, count: number, floor: number): string[] {
  const lines: string[] = [];
  for (let end = start - 1; end > floor && end >= 0 && lines.length < count;) {
    const from = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1;
    lines.unshift(trimReturn(text.slice(from, end)));
    end = from - 1;
  }
  return lines;
}

/** @param ceiling where the next match starts, or the end of the text */
function linesAfter(text: string, end: number, count: number, ceiling: number): string[] {
  const lines: string[] = [];
  let from = text.indexOf('\n', end) + 1;
  while (from > 0 && from < ceiling && lines.length < count) {
    const next = text.indexOf('\n', from);
    lines.push(trimReturn(text.slice(from, next < 0 ? text.length : next)));
    from = next + 1;
  }
  return lines;
}

const trimReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** A capital in an escape such as `\S` is none of the text. */
const ignoresCase = ({ case: mode, query, literal }: SearchRequest): boolean =>
  mode === 'insensitive' || (mode === 'smart' && !/\p{Lu}/u.test(literal ? query : query.replace(/\\./gsu, '')));

function checkPattern(source: string, flags: string): void {
  try {
    void new RegExp(source, flags);
  } catch (cause) {
    const reason = (cause as Error).message.split(': ').at(-1)!.slice(0, 200);
    throw new ServerError(
      'UNSUPPORTED_REGEX',
      `The query is not a regular expression this search supports: ${reason}.`,
      { cause },
    );
  }
}
