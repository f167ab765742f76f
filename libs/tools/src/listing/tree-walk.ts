import type { Dirent, Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Limits } from '@app/config';
import { type EntryKind, errnoOf, fsError, kindOf, type OpenDirectory } from '@app/resources';
import { IgnoreRules } from './ignore-rules.js';
import { showName, type ShownName } from './shown-name.js';
import { sortInTurns } from './sort-in-turns.js';

/** How long the walk may keep other work waiting. */
const SLICE_MS = 10;
const READ_AHEAD = 1_024;
/** Entries of a folder read between two looks at the clock. */
const LOOK_EVERY = 64;
/** What can happen to a folder between being seen and being opened; it is counted and passed by. */
const PASSED_BY = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ESTALE', 'ELOOP']);

export interface WalkOptions {
  /** Levels below the start. */
  readonly maxDepth: number;
  /** Rules of the folders above the start; undefined shows what is ignored too. */
  readonly rules?: IgnoreRules;
  /** Come by folders only; the others count as scanned. */
  readonly foldersOnly?: boolean;
  /** Told of each folder the walk enters: its canonical path, and the rules in force in it. */
  readonly onFolder?: (canonical: string, rules: IgnoreRules) => void;
  /** Told of each folder the rules hide, by its names below the start. */
  readonly onIgnoredFolder?: (below: readonly string[]) => void;
  /** Whether a folder is worth opening, by its names below the start. */
  readonly descend?: (below: readonly string[]) => boolean;
  /** Goes on behind the entry that had this key. */
  readonly after?: string;
  readonly maxMs: number;
  readonly signal: AbortSignal;
  readonly limits: Pick<Limits, 'listScannedEntries' | 'walkDepth' | 'ignoreFileBytes' | 'ignoreRules'>;
}

/** Something the walk came by. Its folder is open only until the next one is asked for. */
export class WalkedEntry {
  constructor(
    /** Names below the start. */
    readonly below: readonly string[],
    /** Sorts like the walk goes: raw names, one byte per character, NUL between them. */
    readonly key: string,
    readonly kind: EntryKind,
    readonly directory: OpenDirectory,
    readonly name: ShownName,
    private readonly raw: Buffer,
  ) {}

  /** Of the entry itself, links not followed; undefined where it has gone. */
  async stats(): Promise<Stats | undefined> {
    if (!this.name.unreadable) return this.directory.lstatChild(this.name.text);
    return lstat(Buffer.concat([Buffer.from(`${this.directory.path}/`), this.raw])).catch(() => undefined);
  }
}

/** Walks a tree in the order of its names, folders before what is in them, links never followed, `.git` never entered. */
export class TreeWalk {
  ignored = 0;
  /** Folders that could not be opened. */
  unreadable = 0;
  /** What cut the walk short. */
  cutBy?: 'scanned' | 'time' | 'depth';
  /** Whether going on behind the last entry would miss nothing: false after a folder too large to be read whole. */
  isResumable = true;
  private scanned = 0;
  private hasShown = false;
  private sliceEnds = 0;
  private readonly endsAt: number;

  constructor(private readonly options: WalkOptions) {
    this.endsAt = performance.now() + options.maxMs;
  }

  /** @throws the signal's reason; ServerError OVERLOADED where no more files can be opened */
  entries(start: OpenDirectory): AsyncGenerator<WalkedEntry> {
    return this.inside(start, [], '', this.options.rules);
  }

  private async *inside(
    directory: OpenDirectory,
    below: readonly string[],
    key: string,
    above?: IgnoreRules,
  ): AsyncGenerator<WalkedEntry> {
    // Whatever the limit, each walk gets at least one entry further, or a caller who goes on would never arrive.
    if (this.scanned >= this.options.limits.listScannedEntries && this.hasShown) {
      this.cutBy = 'scanned';
      return;
    }
    const children = await this.read(directory);
    const rules = above && (await this.rulesIn(directory, children, above));
    const { after = '', onFolder, onIgnoredFolder } = this.options;
    if (rules !== undefined) onFolder?.(directory.canonical, rules);
    for (const { raw, kind } of children) {
      if (await this.isOver()) return;
      const childKey = below.length === 0 ? raw.toString('latin1') : `${key}\0${raw.toString('latin1')}`;
      const isOnTheWay = after === childKey || after.startsWith(`${childKey}\0`);
      if (childKey < after && !isOnTheWay) continue;
      const name = showName(raw);
      const isGit = name.text === '.git';
      if (this.options.foldersOnly && kind !== 'directory') continue;
      if (rules !== undefined && (isGit || rules.ignores(name.text, kind === 'directory'))) {
        if (kind === 'directory' && !isGit && !name.unreadable) onIgnoredFolder?.([...below, name.text]);
        if (!isOnTheWay) this.ignored++;
        continue;
      }
      const names = [...below, name.text];
      if (!isOnTheWay) {
        this.hasShown = true;
        yield new WalkedEntry(names, childKey, kind, directory, name, raw);
      }
      if (this.isCut()) continue;
      if (kind !== 'directory' || isGit || name.unreadable || names.length >= this.options.maxDepth) continue;
      if (this.options.descend?.(names) === false) continue;
      if (names.length >= this.options.limits.walkDepth) this.cutBy = 'depth';
      else yield* this.enter(directory, name.text, names, childKey, rules?.below(name.text));
      if (this.isCut()) return;
    }
  }

  private async *enter(
    parent: OpenDirectory,
    name: string,
    below: readonly string[],
    key: string,
    rules?: IgnoreRules,
  ): AsyncGenerator<WalkedEntry> {
    const child = await this.pass(parent.canonicalOf(name), () => parent.tryOpenChild(name));
    if (child === undefined) return;
    try {
      yield* this.inside(child, below, key, rules);
    } finally {
      await child.close();
    }
  }

  private async rulesIn(
    directory: OpenDirectory,
    children: readonly Child[],
    above: IgnoreRules,
  ): Promise<IgnoreRules> {
    const has = (name: string): boolean =>
      children.some(({ raw }) => raw.length === name.length && raw.toString('latin1') === name);
    const isRepository = directory.canonical !== '' && has('.git');
    if (!has('.gitignore')) return isRepository ? IgnoreRules.NONE : above;
    return above.enter(directory, isRepository, this.options.limits);
  }

  /** The children in order: none where the time ran out, some of a folder with more than may be scanned. */
  private async read(directory: OpenDirectory): Promise<Child[]> {
    const children: Child[] = [];
    let seen = 0;
    await this.pass(directory.canonical, async () => {
      // The declared type of the option leaves out `buffer`, which the function takes like its siblings.
      const options = { encoding: 'buffer' as BufferEncoding, bufferSize: READ_AHEAD };
      for await (const entry of await opendir(directory.path, options)) {
        if (seen % LOOK_EVERY === 0 && (await this.isOver())) break;
        if (seen >= this.options.limits.listScannedEntries) {
          this.isResumable = false;
          break;
        }
        seen++;
        const child = { raw: (entry as unknown as Dirent<Buffer>).name, kind: kindOf(entry) };
        if (!this.options.foldersOnly || child.kind === 'directory' || isForGit(child.raw)) children.push(child);
      }
    });
    this.scanned += seen;
    if (!this.isResumable) this.cutBy = 'scanned';
    return this.cutBy === 'time' ? [] : sortInTurns(children, (a, b) => a.raw.compare(b.raw));
  }

  private async pass<T>(path: string, open: () => Promise<T>): Promise<T | undefined> {
    try {
      return await open();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      if (!PASSED_BY.has(errno)) throw fsError(error, path);
      this.unreadable++;
      return undefined;
    }
  }

  private isCut(): boolean {
    return this.cutBy === 'scanned' || this.cutBy === 'time';
  }

  /** Also gives way to other work from time to time. */
  private async isOver(): Promise<boolean> {
    const now = performance.now();
    if (now > this.endsAt) this.cutBy = 'time';
    if (now > this.sliceEnds) {
      await setImmediate();
      this.sliceEnds = performance.now() + SLICE_MS;
      this.options.signal.throwIfAborted();
    }
    return this.cutBy === 'time';
  }
}

const isForGit = (raw: Buffer): boolean =>
  raw.length <= '.gitignore'.length && /^\.git(?:ignore)?$/.test(raw.toString('latin1'));

interface Child {
  readonly raw: Buffer;
  readonly kind: EntryKind;
}
