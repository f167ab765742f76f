const MAX_LINE_CHARS = 8_192;
const MAX_ERROR_CHARS = 16_384;

/** What ripgrep says beside its results: which files it passed by and why, and why it failed. */
export class RipgrepNotes {
  readonly skipped = { binary: 0, large: 0, unreadable: 0 };
  private errors = '';
  private rest = '';

  push(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop()!.slice(0, MAX_LINE_CHARS);
    for (const line of lines) this.take(line);
  }

  /** Why the pattern was refused, in one line; undefined where the failure is not about the pattern. */
  refusal(): string | undefined {
    const text = this.errors + this.rest;
    const reason =
      /^(?:rg: )?error: (.+)$/m.exec(text)?.[1] ??
      /^rg: (compiled regex exceeds.*|the literal .* is not allowed in a regex)$/m.exec(text)?.[1];
    return reason?.slice(0, 200);
  }

  text(): string {
    return this.errors + this.rest;
  }

  private take(line: string): void {
    if (line.startsWith('rg: DEBUG|')) {
      if (/: found binary data at offset \d+$/.test(line)) this.skipped.binary++;
      else if (/: ignoring .*: \d+ bytes$/.test(line)) this.skipped.large++;
      return;
    }
    if (/ \(os error \d+\)$/.test(line)) this.skipped.unreadable++;
    if (this.errors.length < MAX_ERROR_CHARS) this.errors += `${line}\n`;
  }
}
