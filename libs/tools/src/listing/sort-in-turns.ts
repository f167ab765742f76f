import { setImmediate } from 'node:timers/promises';

/** Sorted at once; small enough to take about a millisecond. */
const RUN = 1_024;
/** How long a merge may keep other work waiting. */
const SLICE_MS = 10;

/**
 * Sorts as `toSorted` does, in slices between which other work gets its turn: a hundred thousand entries at once would
 * block everybody for a third of a second.
 */
export async function sortInTurns<T>(items: readonly T[], compare: (a: T, b: T) => number): Promise<T[]> {
  const turn = new Turn();
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += RUN) {
    runs.push(items.slice(at, at + RUN).sort(compare));
    if (turn.isOver()) await turn.give();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(await merge(runs[at]!, runs[at + 1] ?? [], compare, turn));
    runs = merged;
  }
  return runs[0] ?? [];
}

/** The first wins a draw, so the order is stable. */
async function merge<T>(left: T[], right: T[], compare: (a: T, b: T) => number, turn: Turn): Promise<T[]> {
  if (right.length === 0) return left;
  const merged: T[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const takesLeft = r === right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0);
    merged.push(takesLeft ? left[l++]! : right[r++]!);
    if (merged.length % RUN === 0 && turn.isOver()) await turn.give();
  }
  return merged;
}

class Turn {
  private endsAt = performance.now() + SLICE_MS;

  isOver(): boolean {
    return performance.now() > this.endsAt;
  }

  async give(): Promise<void> {
    await setImmediate();
    this.endsAt = performance.now() + SLICE_MS;
  }
}
