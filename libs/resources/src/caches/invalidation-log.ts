/**
 * Remembers when each tag was last invalidated, so that a value whose loading began before can be told from one
 * loaded after. Bounded: what it had to forget counts as invalidated at that time for every tag it does not know.
 */
export class InvalidationLog {
  private count = 0;
  /** Before this number nothing is known of a tag that is absent, or everything was cleared. */
  private floor = 0;
  /** Oldest first. */
  private readonly last = new Map<string, number>();

  /** @param maxTags tags remembered */
  constructor(private readonly maxTags: number) {}

  get size(): number {
    return this.last.size;
  }

  /** The present, as a number that later questions refer to. */
  now(): number {
    return this.count;
  }

  record(tag: string): void {
    this.last.delete(tag);
    this.last.set(tag, ++this.count);
    if (this.last.size <= this.maxTags) return;
    const [oldest, number] = this.last.entries().next().value!;
    this.last.delete(oldest);
    this.floor = number;
  }

  recordAll(): void {
    this.floor = ++this.count;
    this.last.clear();
  }

  /** Whether one of the tags was, or may have been, invalidated after `ticket`. */
  isOutdated(ticket: number, tags: readonly string[]): boolean {
    return ticket < this.floor || tags.some((tag) => (this.last.get(tag) ?? 0) > ticket);
  }
}
