import { NamePattern } from './name-pattern.js';
import { ANY, matchesAll } from './wildcard.js';

const matchesName = (pattern: NamePattern, name: string): boolean => pattern.matches(name);

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
    let reached = this.widen(new Set([0]));
    for (const name of folder) {
      const next = new Set<number>();
      for (const at of reached) {
        const part = this.parts[at];
        if (part === ANY) next.add(at);
        else if (part?.matches(name)) next.add(at + 1);
      }
      if (next.size === 0) return false;
      reached = this.widen(next);
    }
    return [...reached].some((at) => at < this.parts.length);
  }

  /** An `ANY` may also stand for nothing. */
  private widen(reached: Set<number>): Set<number> {
    for (const at of reached) if (this.parts[at] === ANY) reached.add(at + 1);
    return reached;
  }
}
