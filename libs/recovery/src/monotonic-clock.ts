import { Clock } from './clock.js';

/** What a timer of the platform can wait at most; it would fire at once for more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of the process. Its timers do not keep the process alive. */
export class MonotonicClock extends Clock {
  override now(): number {
    return performance.now();
  }

  override after(ms: number, call: () => void): () => void {
    let timer: NodeJS.Timeout;
    const wait = (restMs: number): void => {
      const isLast = restMs <= MAX_TIMER_MS;
      timer = setTimeout(() => (isLast ? call() : wait(restMs - MAX_TIMER_MS)), Math.min(restMs, MAX_TIMER_MS)).unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  }
}
