/** One series of a counter, looked up once. */
export interface CounterSeries {
  inc(): void;
}

class Series implements CounterSeries {
  value = 0;
  constructor(readonly labels: Readonly<Record<string, string>>) {}
  inc(): void {
    this.value++;
  }
}

/** Counts that go up at every call: cheap to raise, handed to the client library when somebody asks. */
export class CallCounter {
  private readonly series = new Map<string, Series>();

  constructor(private readonly labelNames: readonly string[]) {}

  of(...labelValues: readonly string[]): CounterSeries {
    const key = labelValues.join('\0');
    let found = this.series.get(key);
    if (found === undefined) {
      const labels = Object.fromEntries(this.labelNames.map((name, index) => [name, labelValues[index]!]));
      this.series.set(key, (found = new Series(labels)));
    }
    return found;
  }

  all(): Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }> {
    return this.series.values();
  }
}
