import { existsSync, type Stats } from 'node:fs';
import type { Limits } from '@app/config';
import { errnoOf, notFound, notRegularFile, symlinkEscape, withFsErrors } from './fs-error.js';
import { appendIn, createIn, replaceIn } from './file-writer.js';
import { NewFolders } from './new-folders.js';
import type { OpenDirectory } from './open-directory.js';
import type { OpenFile } from './open-file.js';
import { PathLocks } from './path-locks.js';
import { type LinkRule, type Location, PathWalk } from './path-walk.js';
import { kindOf, type ResolvedPath } from './resolved-path.js';

/** How often a path is walked again because it changed under our feet, before that counts as an attack. */
const MAX_ATTEMPTS = 5;

export interface ResolveOptions {
  /** Answer for a name whose folders are missing too, instead of NOT_FOUND. */
  readonly missingParents?: boolean;
  /** Take a link that is the last name as it is. */
  readonly keepLastLink?: boolean;
}

export interface FileTreeOptions {
  /** Name files through `/proc/self/fd`, free of races; default: wherever the system has it. */
  readonly byHandle?: boolean;
}

/**
 * The files of one workspace root. Every path it takes is relative to the root, `/` between names, already
 * passed by the path rules; every path it gives is too. Links are followed while they stay inside.
 */
export class FileTree {
  private readonly byHandle: boolean;
  private readonly locks: PathLocks;

  /** @param rootPath absolute and canonical: no link in it, no trailing slash */
  constructor(
    readonly rootPath: string,
    private readonly limits: Pick<Limits, 'linkHops' | 'writesWaitingPerFile'>,
    options: FileTreeOptions = {},
  ) {
    this.byHandle = options.byHandle ?? (process.platform === 'linux' && existsSync('/proc/self/fd'));
    this.locks = new PathLocks(limits.writesWaitingPerFile);
  }

  /**
   * Where a path leads, existing or not.
   * @throws ServerError SYMLINK_ESCAPE for a link that leaves the root, loops or has too many hops, the same
   *   whether or not its target exists; NOT_FOUND for a missing folder on the way; PERMISSION; OVERLOADED
   */
  resolve(path: string, options: ResolveOptions = {}): Promise<ResolvedPath> {
    return this.at(path, options.keepLastLink ? 'all-but-last' : 'all', async ({ directory, rest, stats }) => {
      if (rest.length > 1 && !options.missingParents) throw notFound(path);
      const canonical = rest.length === 0 ? directory.canonical : directory.canonicalOf(rest.join('/'));
      if (rest.length === 0) return { canonical, exists: true, kind: 'directory' };
      return stats === undefined
        ? { canonical, exists: false }
        : { canonical, exists: true, kind: kindOf(stats), stats };
    });
  }

  /** Opens a regular file for reading. @throws ServerError as `resolve`, and NOT_REGULAR_FILE */
  openFile(path: string): Promise<OpenFile> {
    return this.at(path, 'all', async ({ directory, rest, stats }) => {
      const [name] = rest;
      if (name === undefined || stats?.isFile() === false) throw notRegularFile(path);
      if (stats === undefined || path.endsWith('/')) throw notFound(path);
      return directory.openChildFile(name);
    });
  }

  /** Opens a folder. @throws ServerError as `resolve`; NOT_FOUND also where the path is not a folder */
  async openDirectory(path: string): Promise<OpenDirectory> {
    return withFsErrors(path, async () => {
      const { directory, rest } = await this.locate(path, 'all');
      const [name] = rest;
      if (name === undefined) return directory;
      try {
        const child = rest.length === 1 ? await directory.tryOpenChild(name) : undefined;
        if (child === undefined) throw notFound(path);
        return child;
      } finally {
        await directory.close();
      }
    });
  }

  /**
   * Runs one read-modify-write of a file at a time. What is passed in is canonical, so that no two names of
   * a file are two locks.
   * @throws ServerError OVERLOADED when too many wait; the signal's reason when aborted before the turn
   */
  exclusively<T>({ canonical }: ResolvedPath, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.locks.run(canonical, signal, work);
  }

  /**
   * Replaces the content of an existing file in one step, keeping mode and, where permitted, owner.
   * @param seen stats of the file the new content is based on
   * @throws ServerError CONFLICT when it changed since, SYMLINK_ESCAPE when the path did, LIMIT, PERMISSION, …;
   *   the file is then as it was
   */
  replaceFile({ canonical }: ResolvedPath, data: Uint8Array, seen?: Stats): Promise<void> {
    return this.write(canonical, false, (directory, name) => replaceIn(directory, name, data, seen));
  }

  /** Creates a file and the folders missing on its way. @throws ServerError CONFLICT when it exists, and as `replaceFile` */
  createFile({ canonical }: ResolvedPath, data: Uint8Array): Promise<void> {
    return this.write(canonical, true, (directory, name) => createIn(directory, name, data));
  }

  /** Adds to the end of an existing file. @throws ServerError POLICY_DENIED when it has several names, and as `replaceFile` */
  appendFile({ canonical }: ResolvedPath, data: Uint8Array): Promise<void> {
    return this.write(canonical, false, (directory, name) => appendIn(directory, name, data));
  }

  /** The path was canonical when it was judged, so a link in it now is someone's trick and is not followed. */
  private write(
    canonical: string,
    makesFolders: boolean,
    act: (directory: OpenDirectory, name: string) => Promise<void>,
  ): Promise<void> {
    return this.at(canonical, 'none', async ({ directory, rest, stats }) => {
      const name = rest.at(-1);
      if (name === undefined || stats?.isFile() === false) throw notRegularFile(canonical);
      if (rest.length > 1 && !makesFolders) throw notFound(canonical);
      await using folders = await NewFolders.make(directory, rest.slice(0, -1));
      try {
        await act(folders.last, name);
      } catch (error) {
        await folders.undo();
        throw error;
      }
    });
  }

  /** Acts on a place, again where it was swapped meanwhile, and gives it back. */
  private at<T>(path: string, links: LinkRule, act: (location: Location) => Promise<T>): Promise<T> {
    return withFsErrors(path, async () => {
      for (let attempt = 1; ; attempt++) {
        const location = await this.locate(path, links);
        try {
          return await act(location);
        } catch (error) {
          if (attempt === MAX_ATTEMPTS || errnoOf((error as Error).cause) !== 'ELOOP') throw error;
        } finally {
          await location.directory.close();
        }
      }
    });
  }

  private async locate(path: string, links: LinkRule): Promise<Location> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const walk = new PathWalk(this.rootPath, path, { links, maxHops: this.limits.linkHops, byHandle: this.byHandle });
      const location = await walk.run();
      try {
        if (await location.directory.isInPlace()) return location;
      } catch (error) {
        await location.directory.close();
        throw error;
      }
      await location.directory.close();
    }
    throw symlinkEscape();
  }
}
