import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { errnoOf, type FileTree, type OpenDirectory } from '@app/resources';
import { IgnoreFile } from './ignore-file.js';

/** The ignore rules in force inside one folder: its own `.gitignore` first, then those of the folders above. */
export class IgnoreRules {
  private constructor(
    private readonly file?: IgnoreFile,
    /** How many names deep the folder of the file lies. */
    private readonly depth = 0,
    private readonly above?: IgnoreRules,
  ) {}

  static readonly NONE = new IgnoreRules();

  /**
   * The rules for what lies in `directory`, given those of the folder above.
   * @param isRepository a repository of its own knows nothing of the rules around it
   */
  async enter(
    directory: OpenDirectory,
    path: readonly string[],
    isRepository: boolean,
    limits: Pick<Limits, 'ignoreFileBytes'>,
  ): Promise<IgnoreRules> {
    const above = isRepository ? IgnoreRules.NONE : this;
    const text = await readIgnoreFile(directory, limits.ignoreFileBytes);
    return text === undefined ? above : new IgnoreRules(new IgnoreFile(text), path.length, above);
  }

  /**
   * The rules that reach into a folder from above it. A folder that is ignored itself has been asked for by name, so
   * what ignores it is left out.
   */
  static async above(tree: FileTree, canonical: string, limits: Pick<Limits, 'ignoreFileBytes'>): Promise<IgnoreRules> {
    let rules = IgnoreRules.NONE;
    const names = canonical === '' ? [] : canonical.split('/');
    for (let depth = 0; depth < names.length; depth++) {
      await using directory = await tree.openDirectory(names.slice(0, depth).join('/') || '.');
      const isRepository = depth > 0 && (await directory.lstatChild('.git')) !== undefined;
      rules = await rules.enter(directory, names.slice(0, depth), isRepository, limits);
      if (rules.ignores(names.slice(0, depth + 1), true)) rules = IgnoreRules.NONE;
    }
    return rules;
  }

  ignores(path: readonly string[], isFolder: boolean): boolean {
    const verdict = this.file?.verdict(path.slice(this.depth), isFolder);
    if (verdict !== undefined) return verdict === 'ignored';
    return this.above !== undefined && this.above.ignores(path, isFolder);
  }
}

/** The file's first bytes; undefined where there is none that can be read. A link is not followed, as git does not. */
async function readIgnoreFile(directory: OpenDirectory, maxBytes: number): Promise<string | undefined> {
  try {
    await using file = await directory.openChildFile('.gitignore');
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.handle.read(buffer, length, maxBytes - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === maxBytes) break;
    }
    // A rule cut in its middle could ignore far more than it says.
    const end = length < maxBytes ? length : buffer.lastIndexOf('\n', length - 1) + 1;
    return buffer.toString('utf8', 0, end);
  } catch (error) {
    if (error instanceof ServerError || errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}
