import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { errnoOf, type FileTree, type OpenDirectory } from '@app/resources';
import { type IgnoreRule, parseIgnoreFile } from './ignore-file.js';
import type { Reached } from './path-pattern.js';

type IgnoreLimits = Pick<Limits, 'ignoreFileBytes' | 'ignoreRules'>;

/** A rule, and how far the folders on the way have matched it. */
interface LiveRule extends IgnoreRule {
  readonly reached: Reached;
}

/**
 * The ignore rules in force inside one folder: its own `.gitignore` first, then those of the folders above. What the
 * folders on the way have decided is kept, so that a name is tested alone. The files of all these folders together
 * have a bound in bytes and in rules; what is beyond it, the innermost last, does not count.
 */
export class IgnoreRules {
  private constructor(
    private readonly live: readonly LiveRule[],
    private readonly usedBytes: number,
    private readonly usedRules: number,
  ) {}

  static readonly NONE = new IgnoreRules([], 0, 0);

  /**
   * The rules for what lies in `directory`, given those of the folder above as they reach into it (see `below`).
   * @param isRepository a repository of its own knows nothing of the rules around it
   */
  async enter(directory: OpenDirectory, isRepository: boolean, limits: IgnoreLimits): Promise<IgnoreRules> {
    const above = isRepository ? IgnoreRules.NONE : this;
    const maxBytes = limits.ignoreFileBytes - above.usedBytes;
    const text = maxBytes > 0 ? await readIgnoreFile(directory, maxBytes) : undefined;
    return text === undefined ? above : above.with(text, limits);
  }

  /** These rules, and before them those of an ignore file in the folder they are for. */
  with(text: string, { ignoreRules }: Pick<Limits, 'ignoreRules'>): IgnoreRules {
    const own = parseIgnoreFile(text, ignoreRules - this.usedRules).map((rule) => ({
      ...rule,
      reached: rule.pattern.start(),
    }));
    return new IgnoreRules(
      [...own, ...this.live],
      this.usedBytes + Buffer.byteLength(text),
      this.usedRules + own.length,
    );
  }

  /**
   * The rules that reach into a folder from above it. A folder that is ignored itself has been asked for by name, so
   * what ignores it is left out.
   */
  static async above(tree: FileTree, canonical: string, limits: IgnoreLimits): Promise<IgnoreRules> {
    let rules = IgnoreRules.NONE;
    const names = canonical === '' ? [] : canonical.split('/');
    for (const [depth, name] of names.entries()) {
      await using directory = await tree.openDirectory(names.slice(0, depth).join('/') || '.');
      const isRepository = depth > 0 && (await directory.lstatChild('.git')) !== undefined;
      rules = await rules.enter(directory, isRepository, limits);
      rules = rules.ignores(name, true) ? IgnoreRules.NONE : rules.below(name);
    }
    return rules;
  }

  /** As they reach into the folder `name` inside this one, before that folder's own file. */
  below(name: string): IgnoreRules {
    const live = this.live.flatMap((rule) => {
      const reached = rule.pattern.step(rule.reached, name);
      if (reached === rule.reached) return rule;
      return reached.length === 0 ? [] : { ...rule, reached };
    });
    return new IgnoreRules(live, this.usedBytes, this.usedRules);
  }

  /** Whether something in this folder is ignored. */
  ignores(name: string, isFolder: boolean): boolean {
    const rule = this.live.find(
      ({ pattern, reached, foldersOnly }) => (isFolder || !foldersOnly) && pattern.endsWith(reached, name),
    );
    return rule !== undefined && !rule.keeps;
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
