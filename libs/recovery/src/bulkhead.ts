import { ServerError } from '@app/mcp';

export interface BulkheadSettings {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
}

const RETRY_AFTER_MS = 1_000;

interface Waiter {
  readonly enter: () => void;
}

/**
 * Places for work, and a queue before them, first come first served. A place belongs to the work: it is left when the
 * work has ended, not when its caller was answered.
 */
export class Bulkhead {
  private readonly queue = new Set<Waiter>();
  private taken = 0;

  /** @throws RangeError where nothing could ever enter */
  constructor(private readonly settings: BulkheadSettings) {
    if (!(settings.maxConcurrent >= 1) || !(settings.maxQueued >= 0))
      throw new RangeError('A bulkhead needs at least one place, and no fewer than 0 places to wait');
  }

  /** How many places there are. */
  get size(): number {
    return this.settings.maxConcurrent;
  }
  get running(): number {
    return this.taken;
  }
  get waiting(): number {
    return this.queue.size;
  }
  get refusesNow(): boolean {
    return this.taken >= this.settings.maxConcurrent && this.queue.size >= this.settings.maxQueued;
  }

  /**
   * Whoever got in, at once or when the promise resolves, has the place until it calls `leave`: also when its signal
   * aborted between the handing over and its resuming.
   * @param signalOf asked for only when there is something to wait for
   * @returns undefined when the place is taken at once; else rejects with the signal's reason when it aborts first
   * @throws ServerError OVERLOADED when the queue is full
   */
  enter(signalOf: () => AbortSignal): Promise<void> | undefined {
    if (this.taken < this.settings.maxConcurrent) {
      this.taken++;
      return undefined;
    }
    if (this.refusesNow)
      throw new ServerError('OVERLOADED', 'Every place for this work, and every place to wait, is taken.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    return this.wait(signalOf());
  }

  /** @throws RangeError when nobody is inside: a place given back twice would let one too many in */
  leave(): void {
    if (this.taken === 0) throw new RangeError('A place was left that nobody had');
    const [next] = this.queue;
    if (next === undefined) {
      this.taken--;
      return;
    }
    // The place is handed on, so nobody can come in between.
    this.queue.delete(next);
    next.enter();
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
      const leaveQueue = (): void => {
        this.queue.delete(waiter);
        failed(signal.reason as Error);
      };
      const waiter: Waiter = {
        enter: () => {
          signal.removeEventListener('abort', leaveQueue);
          done();
        },
      };
      if (signal.aborted) return leaveQueue();
      this.queue.add(waiter);
      signal.addEventListener('abort', leaveQueue, { once: true });
    });
  }
}
