const PLACEHOLDER = '[redacted]';
/** Shorter values would be found in innocent text. */
const MIN_CHARS = 8;
const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The forms in which a value travels. */
const formsOf = (value: string): string[] => {
  const bytes = Buffer.from(value);
  return [
    value,
    encodeURIComponent(value),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
};

/**
 * The server's own secrets: never part of any result, in no form. Results of files and rows are otherwise exact, for a
 * placeholder that is written back would destroy what it stands for.
 */
export class KnownSecrets {
  private readonly forms = new Set<string>();
  private pattern?: RegExp;

  /** Values shorter than eight characters are not taken. @returns whether it was taken. */
  add(value: string): boolean {
    if (value.length < MIN_CHARS) return false;
    for (const form of formsOf(value)) this.forms.add(form);
    // The longest first, or a form that begins like another would leave its end behind.
    const alternatives = [...this.forms].sort((a, b) => b.length - a.length).map(escape);
    this.pattern = new RegExp(alternatives.join('|'), 'g');
    return true;
  }

  get isEmpty(): boolean {
    return this.pattern === undefined;
  }

  redactText(text: string): string {
    return this.pattern === undefined ? text : text.replace(this.pattern, PLACEHOLDER);
  }

  /** The same value with secrets replaced in every string, names of members included; itself where there are none. */
  redact<T>(value: T): T {
    return this.pattern === undefined ? value : (this.walk(value) as T);
  }

  private walk(value: unknown): unknown {
    if (typeof value === 'string') return this.redactText(value);
    if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value;
    if (Array.isArray(value)) {
      const walked = value.map((each) => this.walk(each));
      return walked.some((each, at) => each !== value[at]) ? walked : value;
    }
    let changed = false;
    const entries = Object.entries(value).map(([key, each]): [string, unknown] => {
      const entry: [string, unknown] = [this.redactText(key), this.walk(each)];
      if (entry[0] !== key || entry[1] !== each) changed = true;
      return entry;
    });
    if (!changed) return value;
    // The class stays: what is made of the result later depends on it.
    const copy = Object.create(Object.getPrototypeOf(value) as object) as Record<string, unknown>;
    for (const [key, each] of entries)
      Object.defineProperty(copy, key, { value: each, enumerable: true, writable: true, configurable: true });
    return copy;
  }
}
