import { ServerError } from '@app/mcp';
import type { Limits } from '@app/config';
import { DEFAULT_WRITE_EXEMPT, DEFAULT_WRITE_PROTECTED, foldName, namesGit } from './protected-names.js';

export type PathUse = 'read' | 'write';

export interface PathRuleOptions {
  /** Absolute root of the workspace, to suggest the relative path for an absolute one inside. */
  readonly rootPath?: string;
  /** Names no tool writes at or below; `x.*` covers every name that starts with `x.`. */
  readonly writeProtected?: readonly string[];
  /** Names exempt from `writeProtected`. */
  readonly writeExempt?: readonly string[];
  /** Default: this machine's. On Windows `\` separates names and drives are absolute. */
  readonly platform?: NodeJS.Platform;
}

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f]/;
const URL_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * What a path may look like, decided from its text alone: the answer is the same whether or not anything is
 * there. It refuses and never rewrites: no normalisation of Unicode, no `~`, no `$VAR`, no percent-decoding,
 * and a backslash is an ordinary character where the system says so.
 *
 * Accepted beside plain relative paths: `.` (the root), one leading `./`, and for reading one trailing `/`.
 * Reading below `.git` is allowed: it holds no more than `git_read` shows, and refusing it by name would hide
 * real files; writing there is how a repository is made to run code.
 */
export class PathRules {
  private readonly windows: boolean;
  private readonly exact: ReadonlySet<string>;
  private readonly prefixes: readonly string[];
  private readonly exempt: ReadonlySet<string>;

  constructor(
    private readonly limits: Pick<Limits, 'pathChars' | 'nameBytes'>,
    private readonly options: PathRuleOptions = {},
  ) {
    const names = options.writeProtected ?? DEFAULT_WRITE_PROTECTED;
    this.windows = (options.platform ?? process.platform) === 'win32';
    this.exact = new Set(names.filter((name) => !name.endsWith('*')).map(foldName));
    this.prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1).toLowerCase());
    this.exempt = new Set((options.writeExempt ?? DEFAULT_WRITE_EXEMPT).map(foldName));
  }

  /**
   * For writing, check the path as given and again the canonical path its links lead to.
   * @throws ServerError INVALID_ARGUMENT, PATH_OUTSIDE_WORKSPACE; for writing also PROTECTED_PATH, POLICY_DENIED
   */
  check(path: string, use: PathUse): void {
    const given: unknown = path;
    if (typeof given !== 'string') throw invalid('A path is a string.');
    if (given === '') throw invalid('A path is empty.', 'The root of the workspace is ".".');
    if (given.length > this.limits.pathChars)
      throw invalid(`A path has more than ${this.limits.pathChars} characters.`);
    if (!given.isWellFormed()) throw invalid('A path has text that is not valid Unicode.');
    if (CONTROLS.test(given)) throw invalid('A path has control characters.');
    if (URL_SCHEME.test(given)) throw invalid('A path is not a URL.', 'Give a path relative to the workspace.');
    if (this.isAbsolute(given)) throw this.absolute(given);
    if (given === '.') return;
    this.checkNames(given, use);
  }

  private checkNames(path: string, use: PathUse): void {
    const names = this.split(path);
    if (names.includes('..')) throw outside('A path may not have ".." in it.');
    if (use === 'read' && names.length > 1 && names.at(-1) === '') names.pop();
    if (names[0] === '.') names.shift();
    for (const name of names) {
      if (name === '') throw invalid('A path has an empty name: two slashes in a row, or one at its end.');
      if (name === '.') throw invalid('A path has "." in it.', 'Leave out the "." between slashes.');
      if (Buffer.byteLength(name) > this.limits.nameBytes)
        throw invalid(`A name in a path has more than ${this.limits.nameBytes} bytes.`);
    }
    if (use === 'write') this.checkWritable(names);
  }

  private checkWritable(names: readonly string[]): void {
    if (namesGit(names))
      throw new ServerError('PROTECTED_PATH', 'No file tool writes in .git.', {
        hint: 'Change the repository with the git tools.',
      });
    const denied = names.some((name) => this.isProtected(foldName(name)));
    if (denied)
      throw new ServerError('POLICY_DENIED', 'The policy of this server lets no tool write this file.', {
        hint: 'Ask the user to change it, or choose another file.',
      });
  }

  private isProtected(name: string): boolean {
    if (this.exempt.has(name)) return false;
    return this.exact.has(name) || this.prefixes.some((prefix) => name.startsWith(prefix));
  }

  private split(path: string): string[] {
    return path.split(this.windows ? /[\\/]/ : '/');
  }

  private isAbsolute(path: string): boolean {
    return path.startsWith('/') || (this.windows && (/^[a-z]:/i.test(path) || path.startsWith('\\')));
  }

  /** The suggestion is made from text alone, so it tells nothing about what exists. */
  private absolute(path: string): ServerError {
    const root = this.options.rootPath;
    const below = root !== undefined && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
    const hint =
      path === root
        ? 'The root of the workspace is ".".'
        : below === undefined || below === '' || this.split(below).some((name) => name === '' || name === '..')
          ? 'Give a path relative to the workspace.'
          : `Use the relative path ${JSON.stringify(below)}.`;
    return new ServerError('PATH_OUTSIDE_WORKSPACE', 'A path may not be absolute.', { hint });
  }
}

const invalid = (message: string, hint?: string): ServerError =>
  new ServerError('INVALID_ARGUMENT', message, hint === undefined ? {} : { hint });
const outside = (message: string): ServerError =>
  new ServerError('PATH_OUTSIDE_WORKSPACE', message, { hint: 'Give a path relative to the workspace.' });
