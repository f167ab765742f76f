import { Counter, Gauge, type Histogram, Registry } from 'prom-client';
import { CallCounter } from './call-counter.js';
import { DurationHistogram } from './duration-histogram.js';

/**
 * The metrics of one server. A registry of its own, not the library's global one, so that two servers in one process,
 * as in tests, do not share a number.
 */
export class MetricRegistry {
  readonly registry = new Registry();

  counter(name: string, help: string, labelNames: readonly string[] = []): CallCounter {
    const counts = new CallCounter(labelNames);
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const { labels, value } of counts.all()) counter.inc(labels, value);
      },
    });
    return counts;
  }

  /** @param bounds upper bounds of the buckets in seconds, ascending */
  histogram(name: string, help: string, labelNames: readonly string[], bounds: readonly number[]): DurationHistogram {
    const histogram = new DurationHistogram(name, help, labelNames, bounds);
    // The library only asks for its name and values; its types ask for a metric of its own.
    this.registry.registerMetric(histogram as unknown as Histogram);
    return histogram;
  }

  /** A value that is looked up when somebody asks for it. `read` gives one value, or one per label value. */
  gauge<L extends string>(
    name: string,
    help: string,
    label: L | undefined,
    read: () => number | Map<string, number>,
  ): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        const value = read();
        if (typeof value === 'number') gauge.set(value);
        else for (const [key, each] of value) gauge.set({ [label!]: key }, each);
      },
    });
  }

  /** Counts kept elsewhere, by whoever is counted, e.g. hits of a cache: taken over when somebody asks. */
  counts<L extends string>(name: string, help: string, label: L, read: () => ReadonlyMap<string, number>): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const [key, each] of read()) counter.inc({ [label]: key }, each);
      },
    });
  }

  /** Everything in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
  get contentType(): string {
    return this.registry.contentType;
  }
}
