import type { DataClass } from './data-class.js';
import { neutraliseJson } from './neutralise.js';
import { findSensitive, redactText } from './redact-text.js';
import { redactValue, type RedactValueOptions } from './redact-value.js';

/** Who did something is what a log is kept for. Secrets are taken out there too. */
const PERSONAL_NAMES = new Set(['subject', 'tenant', 'actor', 'actors', 'principal', 'caller']);
/** Of one line. */
const LIMITS = { maxDepth: 12, maxValues: 2_000, maxTextChars: 32_768 };
const SECRETS: readonly DataClass[] = ['secret'];

/**
 * What every line of the log passes. Facts and messages are redacted as values, before they are lines; the lines are
 * looked at once more, for what came another way, such as what a child logger is bound to.
 */
export class LogRedaction {
  private exact: (text: string) => string = (text) => text;
  private readonly options: RedactValueOptions = {
    ...LIMITS,
    personalNames: PERSONAL_NAMES,
    also: (text) => this.exact(text),
  };

  /** @param redact takes values out that are known to be secrets, in any form */
  alsoBy(redact: (text: string) => string): void {
    this.exact = redact;
  }

  /** What a logger was given: `(facts, message, …)`, `(error, message, …)` or `(message, …)`. */
  args(args: readonly unknown[]): unknown[] {
    const [first, second, ...rest] = args;
    const value = (each: unknown): unknown => redactValue(each, this.options);
    if (!(first instanceof Error)) return args.map(value);
    const told = value(first);
    const message = typeof told === 'object' ? (told as { message?: unknown }).message : told;
    return [{ err: told }, value(second ?? message), ...rest.map(value)];
  }

  /** A line of JSON, or several. What is not as it should be is parsed, redacted by names and shapes, and written anew. */
  lines(lines: string, classes?: readonly DataClass[]): string {
    const exact = this.exact(lines);
    const isChanged = exact !== lines;
    if (!isChanged && findSensitive(lines, { classes }).length === 0) return neutraliseJson(lines);
    return neutraliseJson(
      lines
        .split('\n')
        .map((line) => (line === '' ? line : this.line(line, classes)))
        .join('\n'),
    );
  }

  /** Lines of the audit, which says who did what: secrets only. */
  records(lines: string): string {
    return this.lines(lines, SECRETS);
  }

  private line(line: string, classes: readonly DataClass[] | undefined): string {
    const exact = this.exact(line);
    if (exact === line && findSensitive(line, { classes }).length === 0) return line;
    try {
      const redacted = JSON.stringify(redactValue(JSON.parse(line), { ...this.options, classes }));
      // A secret whose text is made of more than one value is seen in the line only.
      return this.exact(redacted);
    } catch {
      return redactText(exact, { classes });
    }
  }
}
