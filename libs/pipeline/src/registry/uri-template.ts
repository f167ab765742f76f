const EXPRESSION = /\{(\+?)([a-z_]+)\}/g;
const MAX_URI_CHARS = 8_192;

/**
 * The part of RFC 6570 that resources here use: `{name}` for one path segment and `{+name}` for a path,
 * the latter only at the end. It compiles to one regular expression without alternatives, so matching is linear.
 */
export class UriTemplate {
  readonly variables: readonly string[];
  private readonly pattern: RegExp;

  constructor(readonly template: string) {
    const variables: string[] = [];
    let source = '^';
    let last = 0;
    for (const match of template.matchAll(EXPRESSION)) {
      const [expression, plus, name] = match;
      const end = match.index + expression.length;
      if (plus === '+' && end !== template.length)
        throw new Error(`${expression} may only stand at the end of ${template}`);
      if (variables.includes(name!)) throw new Error(`${expression} stands twice in ${template}`);
      source += escape(template.slice(last, match.index)) + (plus === '+' ? '(.*)' : '([^/]+)');
      variables.push(name!);
      last = end;
    }
    const rest = template.slice(last);
    if (/[{}]/.test(rest) || variables.length === 0)
      throw new Error(`${template} is not a template this server understands`);
    this.variables = variables;
    this.pattern = new RegExp(`${source}${escape(rest)}$`, 's');
  }

  /** The variables of a URI that fits, percent-decoded once; `undefined` where it does not fit or is not decodable. */
  match(uri: string): Record<string, string> | undefined {
    if (uri.length > MAX_URI_CHARS) return undefined;
    const found = this.pattern.exec(uri);
    if (found === null) return undefined;
    try {
      return Object.fromEntries(this.variables.map((name, index) => [name, decodeURIComponent(found[index + 1]!)]));
    } catch {
      return undefined;
    }
  }
}

const escape = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
