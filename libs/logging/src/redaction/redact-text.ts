import { DATA_CLASSES, type DataClass } from './data-class.js';
import { DETECTORS } from './detectors/detectors.js';
import type { Find } from './find.js';
import { Finder } from './finder.js';

export interface RedactOptions {
  /** What is taken out; both classes where it is not said. */
  readonly classes?: readonly DataClass[];
}

const finders = new Map<number, Finder>();
/** One finder for each set of classes. */
function finderOf(classes: readonly DataClass[]): Finder {
  const key = (classes.includes('secret') ? 1 : 0) + (classes.includes('pii') ? 2 : 0);
  let finder = finders.get(key);
  if (finder === undefined) {
    finder = new Finder(DETECTORS.filter(({ dataClass }) => classes.includes(dataClass)));
    finders.set(key, finder);
  }
  return finder;
}

export const placeholderOf = (name: string): string => `[redacted:${name}]`;

/** Where well-known shapes of secrets and personal data stand, in order, none over another. Never throws. */
export function findSensitive(text: string, { classes = DATA_CLASSES }: RedactOptions = {}): readonly Find[] {
  return finderOf(classes).find(text);
}

/** The text with `[redacted:<detector>]` in place of every find; itself where there is none. Linear; never throws. */
export function redactText(text: string, options?: RedactOptions): string {
  const finds = findSensitive(text, options);
  if (finds.length === 0) return text;
  let redacted = '';
  let from = 0;
  for (const { start, end, detector } of finds) {
    redacted += text.slice(from, start) + placeholderOf(detector.name);
    from = end;
  }
  return redacted + text.slice(from);
}

/** How many secrets and pieces of personal data a text holds. */
export function findSecrets(text: string): Readonly<Record<DataClass, number>> {
  const count = { secret: 0, pii: 0 };
  for (const { detector } of findSensitive(text)) count[detector.dataClass]++;
  return count;
}
