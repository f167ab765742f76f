import { type Stretch, TrigramScan } from '@app/logging';
import { SecretWalk } from './secret-walk.js';
import { formsOf, MIN_FORM_CHARS } from './secret-forms.js';

const PLACEHOLDER = '[redacted]';

/**
 * The server's own secrets: never part of any result, in no form. Results of files and rows are otherwise exact, for a
 * placeholder that is written back would destroy what it stands for. The cost of a look does not grow with their number.
 */
export class KnownSecrets {
  private readonly forms = new Set<string>();
  private scan?: TrigramScan<string>;
  private longestAcrossLines = 0;

  /** Values shorter than eight characters are not taken. @returns whether it was taken. */
  add(value: string): boolean {
    if (value.length < MIN_FORM_CHARS) return false;
    for (const form of formsOf(value)) {
      this.forms.add(form);
      if (form.includes('\n')) this.longestAcrossLines = Math.max(this.longestAcrossLines, form.length);
    }
    this.scan = undefined;
    return true;
  }

  get isEmpty(): boolean {
    return this.forms.size === 0;
  }

  /** Length of the longest form with a line break in it: how far apart the parts of a secret in two lines can be. */
  get acrossLinesChars(): number {
    return this.longestAcrossLines;
  }

  redactText(text: string): string {
    const found = this.find(text);
    if (found.length === 0) return text;
    let redacted = '';
    let from = 0;
    for (const { start, end } of found) {
      redacted += text.slice(from, start) + PLACEHOLDER;
      from = end;
    }
    return redacted + text.slice(from);
  }

  /** Where a secret stands, in order, none over another. */
  find(text: string): readonly Stretch[] {
    if (text.length < MIN_FORM_CHARS || this.isEmpty) return NOTHING;
    let found: Stretch[] | undefined;
    this.prepared().scan(text, (forms, start) => {
      const form = forms.find((each) => text.startsWith(each, start));
      if (form === undefined) return undefined;
      const end = start + form.length;
      (found ??= []).push({ start, end });
      return end;
    });
    return found ?? NOTHING;
  }

  /**
   * The same value with secrets replaced in every string, names of members included, and overwritten in bytes; itself
   * where there are none. What cannot be read, a cycle and what lies deeper than 256 levels is replaced by words that say
   * so. Never throws.
   */
  redact<T>(value: T): T {
    return this.isEmpty ? value : (new SecretWalk(this).visit(value, 0) as T);
  }

  private prepared(): TrigramScan<string> {
    // The longest first, or a form that begins like another would leave its end behind.
    const longestFirst = (): string[] => [...this.forms].sort((a, b) => b.length - a.length);
    this.scan ??= new TrigramScan(
      longestFirst().map((form) => [form, form] as const),
      false,
    );
    return this.scan;
  }
}

const NOTHING: readonly Stretch[] = [];
