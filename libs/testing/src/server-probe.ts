import type { INestApplicationContext, Type } from '@nestjs/common';
import { MetricRegistry } from '@app/metrics';
import { Admission, type CallTrace, Onion, OverdueWork, RecentCalls } from '@app/pipeline';
import type { Fault } from './faults.js';

/** What a call must leave behind as it found it. */
export interface Held {
  readonly calls: number;
  readonly overdue: number;
  /** Places taken and waited for, all rooms together. */
  readonly places: number;
  readonly waiting: number;
  readonly timers: number;
}

/** Breaks tools of a running server, and looks at what it counts and holds. */
export class ServerProbe {
  private readonly injected = new Map<string, Fault>();

  constructor(private readonly app: INestApplicationContext) {
    const onion = app.get(Onion);
    const run = onion.run.bind(onion);
    onion.run = (call, method) => {
      const fault = this.injected.get(call.operation);
      return run(call, fault === undefined ? method : () => fault(call.current, method));
    };
  }

  get<T>(type: Type<T>): T {
    return this.app.get(type, { strict: false });
  }

  /** Puts a fault in the place of a method, inside of every stage. @returns mends it */
  inject(operation: string, fault: Fault): () => void {
    this.injected.set(operation, fault);
    return () => void this.injected.delete(operation);
  }

  /** The sum of a metric over all label sets that have these labels. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const found = await this.app.get(MetricRegistry).registry.getSingleMetric(name)?.get();
    if (found === undefined) throw new Error(`There is no metric ${name}`);
    return found.values
      .filter((value) =>
        Object.entries(labels).every(([key, text]) => (value.labels as Record<string, unknown>)[key] === text),
      )
      .reduce((sum, { value }) => sum + value, 0);
  }

  async held(): Promise<Held> {
    return {
      calls: this.app.get(Admission).inFlight(),
      overdue: this.app.get(OverdueWork).count(),
      places: await this.metric('wcgw_bulkhead_running'),
      waiting: await this.metric('wcgw_bulkhead_waiting'),
      timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    };
  }

  /** Resolves when no call runs any more, what outlived its caller included. */
  async settled(): Promise<void> {
    await this.app.get(Admission).whenIdle();
    await new Promise((next) => setImmediate(next));
  }

  trace(callId: string): CallTrace | undefined {
    return this.app.get(RecentCalls).find(callId);
  }
  /** Traces of calls of one operation, newest first. */
  traces(operation: string): readonly CallTrace[] {
    return this.app
      .get(RecentCalls)
      .list()
      .filter((trace) => trace.operation === operation);
  }
}
