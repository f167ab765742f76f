/** Whether there are more of them; takes one more than that at most, however many there are. */
export function isMoreThan(items: Iterable<unknown>, most: number): boolean {
  let count = 0;
  for (const _ of items) if (++count > most) return true;
  return false;
}

/** Every value of maps and lists, as often as it is met: what an alias repeats counts again. */
export function* valuesIn(root: unknown): Generator<unknown> {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    yield value;
    if (value instanceof Map) for (const entry of (value as ReadonlyMap<unknown, unknown>).values()) open.push(entry);
    else if (Array.isArray(value)) for (const item of value as readonly unknown[]) open.push(item);
  }
}
