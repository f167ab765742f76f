import { PathPattern } from './path-pattern.js';

interface Rule {
  readonly pattern: PathPattern;
  readonly keeps: boolean;
  readonly foldersOnly: boolean;
}

/** The rules of one `.gitignore`, as gitignore(5) has them. They match in linear time: the file is anybody's text. */
export class IgnoreFile {
  /** The last rule that matches wins, so the last comes first. */
  private readonly rules: readonly Rule[];

  constructor(text: string) {
    this.rules = text
      .replace(/^\ufeff/, '')
      .split('\n')
      .map(parseRule)
      .filter((rule) => rule !== undefined)
      .reverse();
  }

  /** @param path relative to the folder of the file, name by name. @returns undefined where no rule says anything */
  verdict(path: readonly string[], isFolder: boolean): 'ignored' | 'kept' | undefined {
    const rule = this.rules.find(({ pattern, foldersOnly }) => (isFolder || !foldersOnly) && pattern.matches(path));
    return rule && (rule.keeps ? 'kept' : 'ignored');
  }
}

function parseRule(line: string): Rule | undefined {
  let source = trimEnd(line.replace(/\r$/, ''));
  if (source === '' || source.startsWith('#')) return undefined;
  const keeps = source.startsWith('!');
  if (keeps) source = source.slice(1);
  const foldersOnly = source.endsWith('/');
  if (foldersOnly) source = source.slice(0, -1);
  const names = source.split('/');
  if (names.length === 1) names.unshift('**');
  else if (names[0] === '') names.shift();
  if (names.includes('')) return undefined;
  try {
    return { pattern: new PathPattern(names), keeps, foldersOnly };
  } catch {
    // What git could not parse matches nothing there either.
    return undefined;
  }
}

/** Spaces at the end do not count unless a backslash stands before them. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ') end--;
  if (end < line.length && line[end - 1] === '\\') end++;
  return line.slice(0, end);
}
