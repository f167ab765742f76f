import { PathPattern } from './path-pattern.js';

/** Stars in one rule: real ones have up to three, and each more makes a hostile one dearer. */
const MAX_STARS = 8;

export interface IgnoreRule {
  readonly pattern: PathPattern;
  readonly keeps: boolean;
  readonly foldersOnly: boolean;
}

/**
 * The rules of one `.gitignore`, as gitignore(5) has them. They match in linear time: the file is anybody's text.
 * A rule with more than 8 stars does not count, nor do rules behind the first `maxRules`.
 * @returns the last first: the last that matches wins
 */
export function parseIgnoreFile(text: string, maxRules: number): IgnoreRule[] {
  const rules: IgnoreRule[] = [];
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    if (rules.length >= maxRules) break;
    const rule = parseRule(line);
    if (rule !== undefined) rules.push(rule);
  }
  return rules.reverse();
}

function parseRule(line: string): IgnoreRule | undefined {
  let source = trimEnd(line.replace(/\r$/, ''));
  if (source === '' || source.startsWith('#')) return undefined;
  const keeps = source.startsWith('!');
  if (keeps) source = source.slice(1);
  const foldersOnly = source.endsWith('/');
  if (foldersOnly) source = source.slice(0, -1);
  const names = source.split('/');
  if (names.length === 1) names.unshift('**');
  else if (names[0] === '') names.shift();
  if (names.includes('') || source.split(/\*+/).length - 1 > MAX_STARS) return undefined;
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
