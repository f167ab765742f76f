import type { Detector } from './detector.js';
import { type Find, united } from './find.js';
import { CASE_BIT, TrigramScan } from './trigram-scan.js';

const MIN_SCANNED_CHARS = 3;
/** An escape in front of which something begins: its letter is no part of what follows. */
const isEscapeLetter = (text: string, at: number): boolean => text[at - 1] === '\\' && 'nrtbf'.includes(text[at]!);

/** A literal and what may begin with it. */
class Anchor {
  readonly detectors: Detector[] = [];
  private readonly codes: readonly number[];

  constructor(literal: string) {
    this.codes = Array.from(literal, (char) => char.charCodeAt(0) | CASE_BIT);
  }

  /** Cheaper than the patterns, and nearly always enough. */
  isAt(text: string, at: number): boolean {
    for (let index = 0; index < this.codes.length; index++)
      if ((text.charCodeAt(at + index) | CASE_BIT) !== this.codes[index]) return false;
    return true;
  }
}

/** Looks for all shapes of a table at once. Time grows with the length of the text only. */
export class Finder {
  private readonly scan: TrigramScan<Anchor>;
  private readonly short: readonly (readonly [anchor: string, detector: Detector])[];
  private readonly everywhere: readonly Detector[];
  private readonly rank: ReadonlyMap<Detector, number>;

  constructor(detectors: readonly Detector[]) {
    const anchored = detectors.flatMap((each) => each.anchors.map((anchor) => [anchor, each] as const));
    const anchors = new Map<string, Anchor>();
    for (const [literal, detector] of anchored) {
      if (literal.length < MIN_SCANNED_CHARS) continue;
      const anchor = anchors.get(literal) ?? new Anchor(literal);
      anchors.set(literal, anchor);
      anchor.detectors.push(detector);
    }
    this.scan = new TrigramScan(anchors, true);
    this.short = anchored.filter(([anchor]) => anchor.length < MIN_SCANNED_CHARS);
    this.everywhere = detectors.filter(({ anchors }) => anchors.length === 0);
    this.rank = new Map(detectors.map((each, index) => [each, index]));
  }

  /** In order of place, none over another. */
  find(text: string): readonly Find[] {
    const finds: Find[] = [];
    this.scan.scan(text, (anchors, at) => {
      let end: number | undefined;
      for (const anchor of anchors)
        if (anchor.isAt(text, at))
          for (const detector of anchor.detectors) {
            const find = findAt(detector, text, at);
            if (find === undefined) continue;
            finds.push(find);
            end = Math.max(end ?? 0, find.end);
          }
      return end;
    });
    for (const [anchor, detector] of this.short)
      for (let at = text.indexOf(anchor); at >= 0;) {
        const find = findAt(detector, text, at);
        if (find !== undefined) finds.push(find);
        at = text.indexOf(anchor, Math.max(at + anchor.length, find?.end ?? 0));
      }
    for (const detector of this.everywhere) findEach(detector, text, finds);
    return united(finds, this.rank);
  }
}

function findAt(detector: Detector, text: string, at: number): Find | undefined {
  const { pattern, check } = detector;
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const end = at + match[0].length;
  const { kept = '', quote = '', before = '' } = match.groups ?? {};
  let start = at + kept.length + quote.length - before.length;
  if (start < at && isEscapeLetter(text, start)) start++;
  if (check !== undefined && !check(text.slice(start, end), text, end)) return undefined;
  return { start, end, detector };
}

function findEach(detector: Detector, text: string, finds: Find[]): void {
  const { pattern, check } = detector;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const end = pattern.lastIndex;
    if (check === undefined || check(match[0], text, end)) finds.push({ start: match.index, end, detector });
  }
}
