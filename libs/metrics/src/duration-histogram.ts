/** One series of a histogram, looked up once. */
export interface DurationSeries {
  observe(seconds: number): void;
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Counts of one series, bucket by bucket; the last is for what is longer than every bound. */
class Series implements DurationSeries {
  readonly counts: Float64Array;
  sum = 0;

  constructor(
    private readonly bounds: readonly number[],
    readonly labels: Readonly<Record<string, string>>,
  ) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    this.sum += seconds;
    let bucket = 0;
    while (bucket < this.bounds.length && seconds > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
  }
}

/**
 * A histogram for what happens at every call: the client library's own costs more than a stage of the pipeline. It is
 * registered beside the library's metrics and written out by it.
 */
export class DurationHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  private readonly series = new Map<string, Series>();

  /** @param bounds upper bounds in seconds, ascending */
  constructor(
    readonly name: string,
    readonly help: string,
    private readonly labelNames: readonly string[],
    private readonly bounds: readonly number[],
  ) {}

  of(...labelValues: readonly string[]): DurationSeries {
    const key = labelValues.join('\0');
    let found = this.series.get(key);
    if (found === undefined) {
      const labels = Object.fromEntries(this.labelNames.map((name, index) => [name, labelValues[index]!]));
      this.series.set(key, (found = new Series(this.bounds, labels)));
    }
    return found;
  }

  reset(): void {
    this.series.clear();
  }

  /** In the form in which the client library's metrics give their values. */
  async get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: [...this.series.values()].flatMap((each) => this.valuesOf(each)) };
  }

  private valuesOf({ labels, counts, sum }: Series): Value[] {
    let count = 0;
    const buckets = [...counts].map((each, index) => {
      count += each;
      const le = this.bounds[index] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
