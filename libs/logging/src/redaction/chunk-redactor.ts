import type { DataClass } from './data-class.js';
import { findSensitive, placeholderOf } from './redact-text.js';

export interface ChunkRedactorOptions {
  /** Both where it is not said. */
  readonly classes?: readonly DataClass[];
  /** Where secrets stand whose values are known, none over another. */
  readonly alsoFind?: (text: string) => readonly Stretch[];
  /** Length of the longest of those that has line breaks in it. */
  readonly acrossLinesChars?: number;
  /** What is held back at most; 8,192 where it is not said. */
  readonly maxHeldChars?: number;
}

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

interface Marked extends Stretch {
  readonly placeholder: string;
}

const DEFAULT_HELD_CHARS = 8_192;
/** What is left out at most behind the part of a secret that was seen: what does not end is none. */
const MAX_SWALLOWED_CHARS = 65_536;
const END_OF_TOKEN = /[\s"'`<>]/;
const END_OF_KEY = /-----END[A-Z0-9 ]{0,40}-----|[^A-Za-z0-9+/=\s\\:,.()%-]/;
const LAST_LINE = /-----END[A-Z0-9 ]{0,40}-----/;
/** Of the end of a key, which may come in two parts. */
const KEPT_CHARS = 64;

/**
 * Redacts a text that comes in pieces. What is given back ends with a line: the rest waits for its end, so that a secret
 * cut in two by a piece is found, and a private key waits for its last line. Lines longer than what may be held back are
 * given back in parts, cut where no secret is; a
 * secret longer than that is found if its begin tells what it is.
 */
export class ChunkRedactor {
  private held = '';
  private swallowUntil?: RegExp;
  private swallowed = 0;

  constructor(private readonly options: ChunkRedactorOptions = {}) {}

  /** @returns what is ready: of this piece, of earlier ones, or nothing. */
  push(chunk: string): string {
    this.held += chunk;
    this.swallow();
    if (this.swallowUntil !== undefined) return '';
    const { maxHeldChars = DEFAULT_HELD_CHARS } = this.options;
    const cut = this.endOfLines();
    if (cut === 0 && this.held.length <= maxHeldChars) return '';
    const marked = this.marked(this.held);
    const safe = beforeOpen(cut, marked, this.held.length);
    if (this.held.length - safe <= maxHeldChars) return this.give(marked, safe);
    return this.force(marked, this.held.length - maxHeldChars);
  }

  /** @returns the rest: at the end of the text, or when somebody waits for it. */
  flush(): string {
    this.swallow();
    const rest = this.swallowUntil === undefined ? this.held : '';
    this.held = '';
    this.swallowUntil = undefined;
    return rendered(rest, this.marked(rest), rest.length);
  }

  /** How many characters wait. */
  get heldChars(): number {
    return this.held.length;
  }

  private endOfLines(): number {
    const { acrossLinesChars = 0 } = this.options;
    const last = this.held.length - 1 - acrossLinesChars;
    const end = last < 0 ? 0 : this.held.lastIndexOf('\n', last) + 1;
    const key = this.held.lastIndexOf('-----BEGIN');
    return key < 0 || key >= end || LAST_LINE.test(this.held.slice(key)) ? end : key;
  }

  private give(marked: readonly Marked[], cut: number): string {
    const given = rendered(this.held, marked, cut);
    this.held = this.held.slice(cut);
    return given;
  }

  /** More waits than may: gives what lies before `cut`, or all of a secret that lies across it. */
  private force(marked: readonly Marked[], cut: number): string {
    const across = marked.find(({ start, end }) => start < cut && end > cut);
    if (across === undefined) return this.give(marked, cut);
    if (across.end < this.held.length) return this.give(marked, across.end);
    this.swallowUntil = this.held.startsWith('-----BEGIN', across.start) ? END_OF_KEY : END_OF_TOKEN;
    this.swallowed = 0;
    return this.give(marked, this.held.length);
  }

  /** Leaves out what goes on a secret whose begin was given back as a placeholder. */
  private swallow(): void {
    if (this.swallowUntil === undefined) return;
    const end = this.swallowUntil.exec(this.held);
    if (end !== null) {
      this.held = this.held.slice(end[0].length > 1 ? end.index + end[0].length : end.index);
      this.swallowUntil = undefined;
      return;
    }
    const left = Math.max(0, this.held.length - (this.swallowUntil === END_OF_KEY ? KEPT_CHARS : 0));
    this.swallowed += left;
    this.held = this.held.slice(left);
    if (this.swallowed > MAX_SWALLOWED_CHARS) this.swallowUntil = undefined;
  }

  private marked(text: string): readonly Marked[] {
    const { alsoFind, classes } = this.options;
    const marked: Marked[] = findSensitive(text, { classes }).map(({ start, end, detector }) => ({
      start,
      end,
      placeholder: placeholderOf(detector.name),
    }));
    const known = alsoFind?.(text) ?? [];
    if (known.length === 0) return marked;
    const all = [...marked, ...known.map(({ start, end }) => ({ start, end, placeholder: '[redacted]' }))];
    all.sort((a, b) => a.start - b.start || b.end - a.end);
    const united: Marked[] = [];
    for (const each of all) {
      const last = united.at(-1);
      if (last === undefined || each.start >= last.end) united.push(each);
      else if (each.end > last.end) united[united.length - 1] = { ...last, end: each.end };
    }
    return united;
  }
}

/** Before a secret that lies across the cut, or that may go on behind what is there. */
function beforeOpen(cut: number, marked: readonly Marked[], length: number): number {
  const open = marked.find(({ start, end }) => start < cut && (end > cut || end === length));
  return open === undefined ? cut : open.start;
}

function rendered(text: string, marked: readonly Marked[], until: number): string {
  let given = '';
  let from = 0;
  for (const { start, end, placeholder } of marked) {
    if (end > until) break;
    given += text.slice(from, start) + placeholder;
    from = end;
  }
  return given + text.slice(from, until);
}
