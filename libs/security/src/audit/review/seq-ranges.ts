type Range = [from: number, to: number];

/** A set of numbers, small as long as most of them are neighbours. Written as `1-5,9`. */
export class SeqRanges {
  private ranges: Range[] = [];
  private isSorted = true;

  /** @returns undefined where the text is none of ours */
  static parse(text: unknown): SeqRanges | undefined {
    if (typeof text !== 'string' || !/^\d+(-\d+)?(,\d+(-\d+)?)*$/u.test(text)) return undefined;
    const ranges = new SeqRanges();
    for (const part of text.split(',')) {
      const [from, to = from] = part.split('-').map(Number) as [number, number?];
      ranges.addRange(from, to);
    }
    return ranges;
  }

  add(seq: number): this {
    return this.addRange(seq, seq);
  }

  addAll(others: SeqRanges): this {
    for (const [from, to] of others.ranges) this.addRange(from, to);
    return this;
  }

  has(seq: number): boolean {
    this.sort();
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle]![1] < seq) low = middle + 1;
      else high = middle;
    }
    return low < this.ranges.length && this.ranges[low]![0] <= seq;
  }

  *[Symbol.iterator](): Generator<number> {
    this.sort();
    for (const [from, to] of this.ranges) for (let seq = from; seq <= to; seq++) yield seq;
  }

  toString(): string {
    this.sort();
    return this.ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
  }

  private addRange(from: number, to: number): this {
    const last = this.ranges.at(-1);
    if (last !== undefined && last[1] + 1 === from) last[1] = to;
    else {
      if (last !== undefined && from <= last[1]) this.isSorted = false;
      this.ranges.push([from, to]);
    }
    return this;
  }

  private sort(): void {
    if (this.isSorted) return;
    const merged: Range[] = [];
    for (const range of this.ranges.sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last !== undefined && range[0] <= last[1] + 1) last[1] = Math.max(last[1], range[1]);
      else merged.push([...range]);
    }
    this.ranges = merged;
    this.isSorted = true;
  }
}
