import type { Stats } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { errnoOf, notFound, symlinkEscape } from './fs-error.js';
import { OpenDirectory } from './open-directory.js';

/** Folders opened for one path at most: a link can make a walk far longer than the path is. */
const MAX_STEPS = 5_000;

export type LinkRule =
  /** Every link is followed while it stays inside. */
  | 'all'
  /** The last name is taken as it is. */
  | 'all-but-last'
  /** A path that was canonical a moment ago: a link in it means someone swapped it. */
  | 'none';

/** The deepest folder there is on the way, held open, and the names still to go: none for the folder itself. */
export interface Location {
  readonly directory: OpenDirectory;
  readonly rest: readonly string[];
  /** Of the one name in `rest` where it exists. */
  readonly stats?: Stats;
}

/**
 * Follows one path from the root, name by name through open folders. It never opens, reads or looks at
 * anything outside: the target of a link is judged as text before a step is taken.
 */
export class PathWalk {
  private readonly names: string[];
  private readonly done: string[] = [];
  private hops = 0;
  private steps = 0;
  private current!: OpenDirectory;

  constructor(
    private readonly rootPath: string,
    private readonly path: string,
    private readonly options: { readonly links: LinkRule; readonly maxHops: number; readonly byHandle: boolean },
  ) {
    this.names = namesOf(path).reverse();
  }

  /** @throws ServerError SYMLINK_ESCAPE, NOT_FOUND where a file stands in the way; errors of the file system as they are */
  async run(): Promise<Location> {
    this.current = await OpenDirectory.openRoot(this.rootPath, this.options.byHandle);
    try {
      for (;;) {
        const location = await this.step();
        if (location !== undefined) return location;
      }
    } catch (error) {
      await this.current.close();
      throw error;
    }
  }

  private async step(): Promise<Location | undefined> {
    if (++this.steps > MAX_STEPS) throw symlinkEscape();
    const name = this.names.pop();
    if (name === undefined) return { directory: this.current, rest: [] };
    if (name === '..') return this.ascend();
    const isLast = this.names.length === 0;
    if (!isLast && (await this.descend(name))) return undefined;
    const stats = await this.current.lstatChild(name);
    if (stats?.isSymbolicLink() && !(isLast && this.options.links === 'all-but-last')) return this.followLink(name);
    if (isLast) return { directory: this.current, rest: [name], ...(stats && { stats }) };
    if (stats?.isDirectory()) this.names.push(name);
    else if (stats !== undefined || this.names.includes('..')) throw notFound(this.path);
    else return { directory: this.current, rest: [name, ...this.names.reverse()] };
    return undefined;
  }

  private async descend(name: string): Promise<boolean> {
    const child = await this.current.tryOpenChild(name);
    if (child === undefined) return false;
    await this.enter(child);
    this.done.push(name);
    return true;
  }

  /** Up is always a folder of the canonical path, so it is entered again from the root. */
  private async ascend(): Promise<undefined> {
    if (this.done.length === 0) throw symlinkEscape();
    this.names.push(...this.done.splice(0).slice(0, -1).reverse());
    await this.enter(await OpenDirectory.openRoot(this.rootPath, this.options.byHandle));
  }

  private async followLink(name: string): Promise<undefined> {
    if (this.options.links === 'none' || ++this.hops > this.options.maxHops) throw symlinkEscape();
    const target = await this.targetOf(name);
    if (target === undefined) return void this.names.push(name);
    if (!target.startsWith('/')) {
      this.names.push(...namesOf(target).reverse());
      return;
    }
    const absolute = target.replace(/\/{2,}/g, '/');
    if (absolute !== this.rootPath && !absolute.startsWith(`${this.rootPath}/`)) throw symlinkEscape();
    this.names.push(...namesOf(absolute.slice(this.rootPath.length)).reverse());
    this.done.length = 0;
    await this.enter(await OpenDirectory.openRoot(this.rootPath, this.options.byHandle));
  }

  /** undefined where the link was swapped for something else since it was seen: the name is then looked at again. */
  private async targetOf(name: string): Promise<string | undefined> {
    try {
      return await readlink(this.current.child(name));
    } catch (error) {
      if (errnoOf(error) === 'EINVAL' || errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private async enter(directory: OpenDirectory): Promise<void> {
    const left = this.current;
    this.current = directory;
    await left.close();
  }
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');
