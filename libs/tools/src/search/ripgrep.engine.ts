import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { type ChildEnd, leashed, type OpenFile, runChild } from '@app/resources';
import { IgnoredPlaces } from './ignored-places.js';
import { JsonLines } from './json-lines.js';
import { type EventPath, readEvent, type RipgrepEvent } from './ripgrep-events.js';
import { RipgrepNotes } from './ripgrep-notes.js';
import type { SearchEnd, SearchEngine, SearchRequest, SearchSink } from './search-engine.js';

/** Longer lines of JSON are not parsed whole. */
const MAX_JSON_BYTES = 262_144;
const SNIFFED_BYTES = 8_192;

/**
 * Searches with a child process of ripgrep, whose engine is linear. The child works in a folder held open, or reads a
 * file held open, so that no swap of a folder for a link can lead it out; it follows no link itself. It reads no ignore
 * file either: those are read here, and it is told which folders to pass by (see `IgnoredPlaces`).
 */
export class RipgrepEngine implements SearchEngine {
  readonly name = 'ripgrep';

  constructor(
    private readonly program: string,
    private readonly limits: Limits,
  ) {}

  async search(request: SearchRequest, sink: SearchSink, signal: AbortSignal): Promise<SearchEnd> {
    const { place } = request;
    if (place.kind === 'file') {
      const skipped = { binary: 0, large: 0, unreadable: 0 };
      if (place.file.stats.size > this.limits.searchFileBytes) return { by: 'done', skipped: { ...skipped, large: 1 } };
      if (await isBinary(place.file)) return { by: 'done', skipped: { ...skipped, binary: 1 } };
    }
    const notes = new RipgrepNotes();
    const ignored =
      place.kind === 'directory' && place.above !== undefined
        ? await IgnoredPlaces.find(place.directory, place.above, this.limits, signal)
        : undefined;
    const reader = new EventReader(request, sink, ignored);
    const lines = new JsonLines(MAX_JSON_BYTES);
    const end = await runChild({
      ...(await leashed(this.program, argumentsFor(request, this.limits, ignored))),
      cwd: place.kind === 'file' ? '/' : place.directory.path,
      ...(place.kind === 'file' && { stdinFd: place.file.handle.fd }),
      signal,
      timeoutMs: this.limits.searchMs,
      maxStdoutBytes: this.limits.searchOutputBytes,
      onStdout: (chunk) => {
        for (const line of lines.push(chunk)) if (!reader.take(readEvent(line))) return false;
        return true;
      },
      onStderr: (chunk) => notes.push(chunk),
    });
    signal.throwIfAborted();
    return { by: howItEnded(end, reader.isComplete, notes), skipped: notes.skipped };
  }
}

const ENDS = { stopped: 'stopped', output: 'scanned', timeout: 'time' } as const;

function howItEnded(end: ChildEnd, isComplete: boolean, notes: RipgrepNotes): SearchEnd['by'] {
  if (end.cause === 'exit' && isComplete) return 'done';
  if (end.cause !== 'exit' && end.cause !== 'aborted') return ENDS[end.cause];
  const refusal = notes.refusal();
  if (refusal === undefined)
    throw new Error(`ripgrep ended with ${end.signal ?? `code ${end.code}`}`, {
      cause: new Error(notes.text().slice(0, 2_000)),
    });
  throw new ServerError(
    'UNSUPPORTED_REGEX',
    `The query is not a regular expression this search supports: ${refusal}.`,
    {
      hint: 'Look-around and backreferences are not supported; for plain text set literal.',
    },
  );
}

/** Turns events into what the sink takes. */
class EventReader {
  isComplete = false;
  private path: EventPath = { text: '', unreadable: false };
  private isHidden = false;

  constructor(
    private readonly request: SearchRequest,
    private readonly sink: SearchSink,
    private readonly ignored?: IgnoredPlaces,
  ) {}

  take(event: RipgrepEvent | undefined): boolean {
    if (event === undefined) return true;
    if (event.type === 'summary') this.isComplete = true;
    else if (event.type === 'begin') this.begin(event.path);
    else if (!this.isHidden) {
      const found = { ...event.found, path: this.path.text, ...(this.path.unreadable && { unreadableName: true }) };
      if (event.type === 'match') return this.sink.match(found);
      this.sink.context(found);
    }
    return true;
  }

  private begin(path: EventPath): void {
    const { place } = this.request;
    if (place.kind === 'file') this.path = { text: place.file.canonical, unreadable: false };
    else this.path = { ...path, text: place.directory.canonicalOf(path.text) };
    this.isHidden = this.ignored?.has(this.path.text) ?? false;
  }
}

function argumentsFor(request: SearchRequest, limits: Limits, ignored?: IgnoredPlaces): string[] {
  const { place } = request;
  return [
    '--no-config',
    '--json',
    // What was found before the time ran out is not lost in a buffer.
    '--line-buffered',
    // Files passed by are told only here.
    '--debug',
    '--engine=default',
    '--no-pre',
    '--no-follow',
    '--no-search-zip',
    // A file that shrinks while it is mapped would kill the process.
    '--no-mmap',
    '--sort=path',
    '--hidden',
    '--crlf',
    `--max-filesize=${limits.searchFileBytes}`,
    '--regex-size-limit=10M',
    '--dfa-size-limit=10M',
    `--context=${request.context}`,
    CASES[request.case],
    ...(request.literal ? ['--fixed-strings'] : []),
    ...(request.multiline ? ['--multiline'] : []),
    // It would open ignore files as they come: a FIFO, or a link to anywhere.
    '--no-ignore',
    ...request.include.map(({ source }) => `--glob=${source}`),
    ...request.exclude.map(({ source }) => `--glob=!${source}`),
    ...(ignored?.globs() ?? []).map((glob) => `--glob=!${glob}`),
    '--glob=!.git',
    '--',
    request.query,
    place.kind === 'file' ? '-' : './',
  ];
}

const CASES = { smart: '--smart-case', sensitive: '--case-sensitive', insensitive: '--ignore-case' } as const;

async function isBinary(file: OpenFile): Promise<boolean> {
  const { buffer, bytesRead } = await file.handle.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
  // UTF-16 is full of zero bytes, and ripgrep can read it where it has a byte order mark.
  const mark = bytesRead >= 2 ? buffer.readUInt16BE(0) : 0;
  return mark !== 0xfeff && mark !== 0xfffe && buffer.subarray(0, bytesRead).includes(0);
}
