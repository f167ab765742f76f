/** Characters that HFS+ ignores when it compares names, so that `.g<U+200C>it` is `.git` there. Same list as git's. */
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * A name as the most forgiving file system compares it: case, ignored characters, trailing dots and spaces
 * and the stream suffix of NTFS. A workspace may be checked out on one of those later, or be one now.
 */
export const foldName = (name: string): string =>
  name
    .replace(IGNORED_BY_HFS, '')
    .toLowerCase()
    .replace(/:.*$/su, '')
    .replace(/[. ]+$/, '');

/** `.git`, and the short name NTFS gives it. */
const GIT = /^(?:\.git|git~\d+)$/;

/** Whether any name of a path is git's own folder or file, on any file system; `\` counts as a separator for this. */
export const namesGit = (segments: readonly string[]): boolean =>
  segments.some((segment) => segment.split('\\').some((name) => GIT.test(foldName(name))));

/** Files and folders that other programs run or trust: writing one is a way to run code or to take a secret. */
export const DEFAULT_WRITE_PROTECTED: readonly string[] = [
  '.mcp.json',
  '.vscode',
  '.cursor',
  '.claude',
  '.husky',
  '.npmrc',
  '.env',
  '.env.*',
];

/** Files that look protected and are there to be edited. */
export const DEFAULT_WRITE_EXEMPT: readonly string[] = ['.env.example'];
