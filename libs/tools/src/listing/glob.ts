import { ServerError } from '@app/mcp';
import type { Limits } from '@app/config';
import { NamePattern } from './name-pattern.js';
import { PathPattern } from './path-pattern.js';
import { ANY } from './wildcard.js';

export type GlobLimits = Pick<Limits, 'globChars' | 'globStars' | 'globAlternatives'>;

/** Bash and micromatch read these as groups; here they would silently mean something else. */
const EXTENDED = /[?*+@!]\(/;
/** One character, with what makes it literal: a backslash before it, or the class around it. */
const TOKEN = /\\.|\[[!^]?\]?[^\]]*\]|./gsu;

/**
 * A glob as a caller gives it: `*`, `?`, `[a-z]`, `**`, `{a,b}` without nesting. Without a slash it is a name at any
 * depth, with one it is a path from where the search starts. Matching takes time in proportion to pattern × path.
 */
export class Glob {
  private readonly patterns: readonly PathPattern[];

  /** @throws ServerError INVALID_ARGUMENT that says which rule the glob breaks */
  constructor(
    readonly source: string,
    limits: GlobLimits,
  ) {
    if (source === '') throw invalid('it is empty');
    if (source.length > limits.globChars) throw invalid(`it has more than ${limits.globChars} characters`);
    // oxlint-disable-next-line no-control-regex
    if (/[\u0000-\u001f\u007f]/.test(source)) throw invalid('it has control characters');
    if (source.startsWith('!')) throw invalid('it may not start with "!"');
    if (EXTENDED.test(source)) throw invalid('groups such as "+(a|b)" are not supported');
    this.patterns = alternativesOf(source, limits.globAlternatives).map((text) => compile(text, limits));
  }

  matches(path: readonly string[]): boolean {
    return this.patterns.some((pattern) => pattern.matches(path));
  }

  reachesBelow(folder: readonly string[]): boolean {
    return this.patterns.some((pattern) => pattern.reachesBelow(folder));
  }
}

const invalid = (problem: string): ServerError =>
  new ServerError('INVALID_ARGUMENT', `The glob cannot be used: ${problem}.`, {
    hint: 'A glob has *, ?, [a-z], ** and {a,b}, such as "src/**/*.{ts,tsx}".',
  });

function compile(text: string, limits: GlobLimits): PathPattern {
  const names = text.split('/');
  if (names[0] === '' && names.length > 1) names.shift();
  else if (names.length === 1) names.unshift('**');
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    throw invalid('it has an empty name, "." or ".." between slashes');
  let pattern: PathPattern;
  try {
    pattern = new PathPattern(names);
  } catch (cause) {
    throw cause instanceof SyntaxError ? invalid(cause.message) : cause;
  }
  const named = pattern.parts.filter((part) => part instanceof NamePattern);
  if (
    named.some(({ stars }) => stars > limits.globStars) ||
    pattern.parts.filter((part) => part === ANY).length > limits.globStars
  )
    throw invalid(
      `it has more than ${limits.globStars} stars in one name, or more than ${limits.globStars} times "**"`,
    );
  return pattern;
}

/** The texts a glob with braces stands for. */
function alternativesOf(source: string, most: number): string[] {
  let texts = [''];
  for (const piece of piecesOf(source)) {
    texts = texts.flatMap((text) => piece.map((choice) => text + choice));
    if (texts.length > most) throw invalid(`its braces stand for more than ${most} alternatives`);
  }
  return texts;
}

/** The glob cut at its braces, each piece as the list of what it can be. */
function piecesOf(source: string): string[][] {
  const pieces: string[][] = [['']];
  let open = false;
  for (const [token] of source.matchAll(TOKEN)) {
    const piece = pieces.at(-1)!;
    if (token === '{') {
      if (open) throw invalid('braces may not be nested');
      open = true;
      pieces.push(['']);
    } else if (token === '}') {
      if (!open) throw invalid('a brace is closed that was not opened');
      if (piece.length === 1) throw invalid('braces need alternatives, such as {a,b}');
      open = false;
      pieces.push(['']);
    } else if (token === ',' && open) piece.push('');
    else piece.push(piece.pop()! + token);
  }
  if (open) throw invalid('a brace is not closed');
  return pieces;
}
