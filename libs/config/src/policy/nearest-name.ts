const MAX_CHARS = 64;

/** The known name that was most likely meant: at most every third character differs, and two always may. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_CHARS) return undefined;
  const word = plain(given);
  const ranked = known
    .map((name) => ({ name, distance: distance(word, plain(name)) }))
    .filter((each) => each.distance <= Math.max(2, Math.floor(each.name.length / 3)) && each.distance < word.length)
    .sort((one, other) => one.distance - other.distance);
  return ranked[0]?.name;
}

/** `callsPerWindow` and `calls-per-window` are `calls_per_window` in another spelling. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** Insertions, deletions and substitutions that lead from one word to the other. */
function distance(from: string, to: string): number {
  let above = Array.from(to, (_, index) => index + 1);
  for (const [row, letter] of [...from].entries()) {
    let [corner, left] = [row, row + 1];
    above = above.map((up, column) => {
      left = letter === to[column] ? corner : 1 + Math.min(corner, up, left);
      corner = up;
      return left;
    });
  }
  return above.at(-1) ?? from.length;
}
