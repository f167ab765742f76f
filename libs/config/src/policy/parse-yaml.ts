import { isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { isMoreThan, valuesIn } from './is-more-than.js';

/** In words of our own: those of the parser may quote the text. */
const WORDS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_ALIAS: 'an alias that is not well-formed',
  BAD_DIRECTIVE: 'a directive that is not known',
  BAD_INDENT: 'the indentation is wrong',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping where a value is expected; is the indentation right?',
  KEY_OVER_1024_CHARS: 'a name that is too long',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a name that goes over several lines',
  MULTIPLE_DOCS: 'more than one document',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab in the indentation',
  TAG_RESOLVE_FAILED: 'a tag that is not known or does not fit its value',
};
const MAX_ALIASES = 100;
/** Words, signs and spaces between them: each costs the parser microseconds, in which nothing else is served. */
const MAX_TOKENS = 60_000;
/** Each is validated. */
const MAX_VALUES = 30_000;

/**
 * Text to maps, lists and scalars, strictly: no duplicate names, no names but texts, no unknown tags. Aliases are
 * resolved, at most a hundred values of them. JSON is YAML too. A text is refused before it is parsed, and values before
 * they are used, when there are too many of them for a server that serves meanwhile.
 * @param problems takes what is wrong, by line and never with a word of the text
 * @returns undefined when the text is not YAML at all
 */
export function parseYaml(text: string, problems: string[]): unknown {
  const lines = new LineCounter();
  const lineOf = (offset: number | undefined): string => `line ${lines.linePos(offset ?? 0).line}`;
  try {
    if (isMoreThan(new Lexer().lex(text), MAX_TOKENS)) {
      problems.push(`more than ${MAX_TOKENS} words and signs`);
      return undefined;
    }
    // Duplicates are found below: the parser compares every name with every other one.
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, lineCounter: lines });
    const slips = [...document.errors, ...document.warnings];
    for (const { code, pos } of slips) problems.push(`${lineOf(pos[0])}: ${WORDS[code] ?? 'not well-formed YAML'}`);
    if (slips.length > 0) return undefined;
    checkNames(document.contents, (offset, problem) => problems.push(`${lineOf(offset)}: ${problem}`));
    const values = document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES }) as unknown;
    if (!isMoreThan(valuesIn(values), MAX_VALUES)) return values;
    problems.push(`more than ${MAX_VALUES} values`);
    return undefined;
  } catch {
    // What the parser itself throws.
    problems.push('not readable as YAML: nested too deeply, too many aliases, or one without an anchor');
    return undefined;
  }
}

/** A name given twice would silently lose its first value. */
function checkNames(root: unknown, found: (offset: number | undefined, problem: string) => void): void {
  const open: unknown[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isSeq(node)) for (const item of node.items) open.push(item ?? null);
    if (!isMap(node)) continue;
    const names = new Set<string>();
    for (const { key, value } of node.items) {
      const offset = isScalar(key) ? key.range?.[0] : node.range?.[0];
      if (!isScalar(key) || typeof key.value !== 'string') found(offset, 'a name must be a plain text');
      else if (names.has(key.value)) found(offset, 'a name that its mapping has already');
      else names.add(key.value);
      open.push(value ?? null);
    }
  }
}
