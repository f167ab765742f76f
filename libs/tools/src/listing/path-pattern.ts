import { NamePattern } from './name-pattern.js';
import { ANY, matchesAll } from './wildcard.js';

const matchesName = (pattern: NamePattern, name: string): boolean => pattern.matches(name);

/** Positions in a pattern at which a match can stand, ascending. None: nothing below can match. */
export type Reached = readonly number[];

/** A pattern for a path, name by name; `**` stands for any number of folders. */
export class PathPattern {
  readonly parts: readonly (NamePattern | typeof ANY)[];

  /** @param names the pattern split at its slashes. @throws SyntaxError */
  constructor(names: readonly string[]) {
    const parts: (NamePattern | typeof ANY)[] = [];
    for (const name of names) {
      if (name !== '**') parts.push(new NamePattern(name));
      else if (parts.at(-1) !== ANY) parts.push(ANY);
    }
    // `a/**` is everything below a, not a itself.
    if (parts.at(-1) === ANY) parts.push(new NamePattern('*'));
    this.parts = parts;
  }

  matches(path: readonly string[]): boolean {
    return matchesAll(this.parts, path, matchesName);
  }

  /** Whether anything below this folder could match: false means it need not be opened. */
  reachesBelow(folder: readonly string[]): boolean {
    let reached = this.start();
    for (const name of folder) {
      reached = this.step(reached, name);
      if (reached.length === 0) return false;
    }
    return true;
  }

  /** Where a match can stand before the first name. */
  start(): Reached {
    return this.widen([0]);
  }

  /** Where it can stand inside the folder `name`, from where it stood around it; the same array where nothing moved. */
  step(reached: Reached, name: string): Reached {
    const next: number[] = [];
    for (const at of reached) {
      const part = this.parts[at];
      if (part === ANY) next.push(at);
      // A match that ends with this name has nothing to say of what is below it.
      else if (at < this.parts.length - 1 && part!.matches(name)) next.push(at + 1);
    }
    const widened = this.widen(next);
    return widened.length === reached.length && widened.every((at, index) => at === reached[index]) ? reached : widened;
  }

  /** Whether the path that ends in `name` matches, from where the match stood in its folder. */
  endsWith(reached: Reached, name: string): boolean {
    const last = this.parts.length - 1;
    return reached.at(-1) === last && (this.parts[last] as NamePattern).matches(name);
  }

  /** An `ANY` may also stand for nothing. No `ANY` is the last part, so each position is inside. */
  private widen(reached: readonly number[]): Reached {
    const all = new Set<number>();
    for (const start of reached) {
      all.add(start);
      for (let at = start; this.parts[at] === ANY; at++) all.add(at + 1);
    }
    return [...all].sort((a, b) => a - b);
  }
}
