import type { Limits } from '@app/config';
import type { OpenDirectory } from '@app/resources';
import { type IgnoreRules, TreeWalk } from '../listing/index.js';

/** Folders a search is told to pass by; what lies in further ones is searched for nothing and left out of the answer. */
const MAX_GLOBS = 500;
/** Of all globs: far below what one command line may have. */
const MAX_GLOB_CHARS = 65_536;
/** The part of a search's time that looking for ignore files may take. */
const SHARE_OF_TIME = 0.3;
const MEANT_LITERALLY = /[\\*?[\]{}! ]/g;

/**
 * What `.gitignore` files hide from one search. A search program opens such files by their names, whatever stands
 * there: a FIFO holds it up for ever, a link has it read what is outside the workspace. So they are read by a walk of
 * our own, which takes regular files only, before the search, and the program reads none. Where the walk ends early,
 * in a tree with very many files, rules of folders it has not seen do not count: more is found then, never less.
 */
export class IgnoredPlaces {
  private readonly rules = new Map<string, IgnoreRules>();
  private readonly folders: string[] = [];
  private chars = 0;

  private constructor(private readonly start: string) {}

  /** @param above the rules that reach into `directory` from above it. @throws the signal's reason */
  static async find(
    directory: OpenDirectory,
    above: IgnoreRules,
    limits: Limits,
    signal: AbortSignal,
  ): Promise<IgnoredPlaces> {
    const places = new IgnoredPlaces(directory.canonical);
    places.rules.set(directory.canonical, above);
    const walk = new TreeWalk({
      maxDepth: limits.walkDepth,
      foldersOnly: true,
      rules: above,
      onFolder: (canonical, rules) => void places.rules.set(canonical, rules),
      onIgnoredFolder: (below) => places.add(below),
      maxMs: limits.searchMs * SHARE_OF_TIME,
      signal,
      limits,
    });
    for await (const _entry of walk.entries(directory));
    return places;
  }

  /** Ignored folders, as globs from where the search starts. */
  globs(): readonly string[] {
    return this.folders;
  }

  /** @param path canonical, of a file below the start */
  has(path: string): boolean {
    const names = path.split('/');
    let known = names.length - 1;
    while (known > 0 && !this.rules.has(names.slice(0, known).join('/'))) known--;
    let rules = this.rules.get(names.slice(0, known).join('/')) ?? this.rules.get(this.start)!;
    for (const [at, name] of names.entries()) {
      if (at < known) continue;
      if (rules.ignores(name, at < names.length - 1)) return true;
      rules = rules.below(name);
    }
    return false;
  }

  private add(below: readonly string[]): void {
    const glob = `/${below.join('/').replace(MEANT_LITERALLY, '\\$&')}`;
    if (this.folders.length >= MAX_GLOBS || this.chars + glob.length > MAX_GLOB_CHARS) return;
    this.chars += glob.length;
    this.folders.push(glob);
  }
}
