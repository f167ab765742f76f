import type { DataClass } from './data-class.js';

/** One shape of text that is looked for. */
export interface Detector {
  /** Stands in the placeholder: `[redacted:<name>]`. */
  readonly name: string;
  readonly dataClass: DataClass;
  /**
   * Literals in any case of letters, one of which begins every match: nothing is tried where none stands. Without them
   * the pattern is tried everywhere, so it must fail within a few characters.
   */
  readonly anchors: readonly string[];
  /**
   * Sticky, tried at an anchor; global where there are no anchors. Each attempt takes time bounded by a constant, or
   * reads text that no other attempt reads again. Group `kept` begins the match and stays, and so does
   * group `quote` behind it; group `before`, from a lookbehind, ends where the match begins and goes too.
   */
  readonly pattern: RegExp;
  /** What a pattern cannot say, e.g. a check sum. @param value what would be taken out @param end where it ends in `text` */
  readonly check?: (value: string, text: string, end: number) => boolean;
}

/** A token starts here: behind no letter or digit, unless that belongs to an escape of JSON, of a URL or of a terminal. */
export const START = String.raw`(?:(?<![A-Za-z0-9_])|(?<=\\[nrtbf]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|\[[0-9;]{0,12}m))`;
/** A token of letters and digits ends here. */
export const END = String.raw`(?![A-Za-z0-9_])`;

/** @param body follows START. */
export function token(name: string, anchors: readonly string[], body: string, check?: Detector['check']): Detector {
  return { name, dataClass: 'secret', anchors, pattern: new RegExp(START + body, 'y'), check };
}

/** @param pattern in any case of letters; tried at an anchor, whatever stands before it. */
export function secret(name: string, anchors: readonly string[], pattern: string, check?: Detector['check']): Detector {
  return { name, dataClass: 'secret', anchors, pattern: new RegExp(pattern, 'iy'), check };
}
