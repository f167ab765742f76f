import { Clock } from '@app/recovery';

interface Timer {
  readonly dueAt: number;
  readonly call: () => void;
}

/** Time that passes only when a test says so. */
export class ManualClock extends Clock {
  private readonly timers = new Set<Timer>();

  /** @param time milliseconds it begins at */
  constructor(private time = 0) {
    super();
  }

  override now(): number {
    return this.time;
  }

  override after(ms: number, call: () => void): () => void {
    const timer = { dueAt: this.time + Math.max(0, ms), call };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Timers that wait. */
  pending(): number {
    return this.timers.size;
  }

  /** Runs what falls due on the way, the earliest first, each at its own moment; also what such a call asks for. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (let timer = this.next(end); timer !== undefined; timer = this.next(end)) {
      this.timers.delete(timer);
      this.time = timer.dueAt;
      timer.call();
    }
    this.time = end;
  }

  /** As `advance`, but lets promises settle after each call and at the end, so that what they ask for runs too. */
  async advanceAndSettle(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (let timer = this.next(end); timer !== undefined; timer = this.next(end)) {
      this.advance(timer.dueAt - this.time);
      await settled();
    }
    this.advance(end - this.time);
    await settled();
  }

  private next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers)
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    return next;
  }
}

const settled = (): Promise<void> => new Promise((done) => void setImmediate(done));
