/** Stands for any number of items, none included. */
export const ANY = Symbol('any number');

/**
 * Whether a pattern of single-item tests and `ANY` covers all items. At a mismatch only the last `ANY` takes one
 * item more, which is enough and never needs more than pattern × items steps, whatever the pattern.
 */
export function matchesAll<P, T>(
  pattern: readonly (P | typeof ANY)[],
  items: readonly T[],
  test: (part: P, item: T) => boolean,
): boolean {
  let part = 0;
  let item = 0;
  let anyPart = -1;
  let anyItem = 0;
  while (item < items.length) {
    const current = pattern[part];
    if (current === ANY) {
      anyPart = part++;
      anyItem = item;
    } else if (current !== undefined && test(current, items[item]!)) {
      part++;
      item++;
    } else if (anyPart >= 0) {
      part = anyPart + 1;
      item = ++anyItem;
    } else return false;
  }
  while (pattern[part] === ANY) part++;
  return part === pattern.length;
}
