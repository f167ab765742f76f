import { ANY } from './wildcard.js';

interface Class {
  readonly negated: boolean;
  /** Inclusive ranges of code points. */
  readonly ranges: readonly (readonly [number, number])[];
}
/** A code point, one of a class, or any one character. */
type Part = number | Class | '?';

const STAR = -1;
const ONE = -2;
const CLASS = -3;
const NOTHING = -4;

/** A pattern for one name of a path: `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash before what is meant literally. */
export class NamePattern {
  private readonly parts: readonly (Part | typeof ANY)[];
  /** The parts as numbers: code points, and below zero what stands for more. */
  private readonly codes: Int32Array;
  /** The name itself where the pattern has no wildcard: most have none. */
  private readonly literal?: string;

  /** @throws SyntaxError for an unclosed class, an upside-down range or a trailing backslash */
  constructor(source: string) {
    this.parts = parse([...source]);
    this.codes = Int32Array.from(this.parts, (part) =>
      typeof part === 'number' ? part : part === ANY ? STAR : part === '?' ? ONE : CLASS,
    );
    if (this.parts.every((part) => typeof part === 'number'))
      this.literal = String.fromCodePoint(...(this.parts as number[]));
  }

  get stars(): number {
    return this.parts.filter((part) => part === ANY).length;
  }

  matches(name: string): boolean {
    if (this.literal !== undefined) return name === this.literal;
    return this.covers(codePoints(name));
  }

  /**
   * As `matchesAll`, in one plain loop: ignore files are anybody's, and this is run for each rule and each name.
   */
  private covers(name: Int32Array): boolean {
    const { codes, parts } = this;
    let part = 0;
    let at = 0;
    let starPart = -1;
    let starAt = 0;
    while (at < name.length) {
      const code = part < codes.length ? codes[part]! : NOTHING;
      if (code === STAR) {
        starPart = part++;
        starAt = at;
      } else if (code === name[at] || code === ONE || (code === CLASS && isIn(parts[part] as Class, name[at]!))) {
        part++;
        at++;
      } else if (starPart >= 0) {
        part = starPart + 1;
        at = ++starAt;
      } else return false;
    }
    while (codes[part] === STAR) part++;
    return part === codes.length;
  }
}

let last: { readonly name: string; readonly codes: Int32Array } = { name: '', codes: new Int32Array(0) };

/** One name is tested against many patterns in a row, so the last one is kept. */
function codePoints(name: string): Int32Array {
  if (last.name !== name) last = { name, codes: Int32Array.from(name, (char) => char.codePointAt(0)!) };
  return last.codes;
}

const isIn = ({ ranges, negated }: Class, code: number): boolean =>
  ranges.some(([low, high]) => low <= code && code <= high) !== negated;

function parse(chars: readonly string[]): (Part | typeof ANY)[] {
  const parts: (Part | typeof ANY)[] = [];
  for (let at = 0; at < chars.length;) {
    const char = chars[at]!;
    if (char === '*') {
      if (parts.at(-1) !== ANY) parts.push(ANY);
      at++;
    } else if (char === '?') {
      parts.push('?');
      at++;
    } else if (char === '[') {
      const [found, next] = parseClass(chars, at);
      parts.push(found);
      at = next;
    } else {
      const [code, next] = parseChar(chars, at);
      parts.push(code);
      at = next;
    }
  }
  return parts;
}

function parseChar(chars: readonly string[], at: number): [code: number, next: number] {
  const escaped = chars[at] === '\\';
  const char = chars[escaped ? at + 1 : at];
  if (char === undefined) throw new SyntaxError('it ends inside a class or after a backslash');
  return [char.codePointAt(0)!, at + (escaped ? 2 : 1)];
}

function parseClass(chars: readonly string[], open: number): [found: Class, next: number] {
  const negated = chars[open + 1] === '!' || chars[open + 1] === '^';
  const ranges: [number, number][] = [];
  let at = open + (negated ? 2 : 1);
  // A bracket that comes first is one of the characters.
  while (chars[at] !== ']' || ranges.length === 0) {
    const [low, afterLow] = parseChar(chars, at);
    if (chars[afterLow] === '-' && chars[afterLow + 1] !== ']' && chars[afterLow + 1] !== undefined) {
      const [high, afterHigh] = parseChar(chars, afterLow + 1);
      if (high < low) throw new SyntaxError('a range in a class runs backwards');
      ranges.push([low, high]);
      at = afterHigh;
    } else {
      ranges.push([low, low]);
      at = afterLow;
    }
  }
  return [{ negated, ranges }, at + 1];
}
