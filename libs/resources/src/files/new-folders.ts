import { mkdir, rmdir } from 'node:fs/promises';
import { errnoOf } from './fs-error.js';
import type { OpenDirectory } from './open-directory.js';

interface Made {
  readonly parent: OpenDirectory;
  readonly name: string;
}

/** Folders made one inside the other through handles, held open until disposed of. */
export class NewFolders implements AsyncDisposable {
  private readonly opened: OpenDirectory[] = [];
  private readonly made: Made[] = [];

  private constructor(private readonly start: OpenDirectory) {}

  /** Makes what is missing of `names` below `start`, which stays its owner's to close. */
  static async make(start: OpenDirectory, names: readonly string[]): Promise<NewFolders> {
    const folders = new NewFolders(start);
    try {
      for (const name of names) await folders.add(name);
      return folders;
    } catch (error) {
      await folders.undo();
      await folders[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The innermost folder. */
  get last(): OpenDirectory {
    return this.opened.at(-1) ?? this.start;
  }

  /** Removes what was made here, as far as it is still empty. */
  async undo(): Promise<void> {
    for (const { parent, name } of this.made.toReversed()) await rmdir(parent.child(name)).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const directory of this.opened) await directory.close();
  }

  private async add(name: string): Promise<void> {
    const parent = this.last;
    try {
      await mkdir(parent.child(name));
      this.made.push({ parent, name });
      await parent.sync();
    } catch (error) {
      // Someone else made it at the same moment: as good as made here, but not ours to remove.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.opened.push(await parent.openChild(name));
  }
}
