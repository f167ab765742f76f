import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';

interface Waiter {
  enter(): void;
}

/** Lets so many searches run at a time, the others wait in the order of asking: each can keep a core busy. */
export class SearchSlots {
  private running = 0;
  private readonly waiting: Waiter[] = [];

  constructor(private readonly limits: Pick<Limits, 'searchesRunning' | 'searchesWaiting'>) {}

  /**
   * Runs `search` in a slot, which is free again when it has ended, not when its caller has gone.
   * @throws ServerError OVERLOADED when too many wait; the signal's reason when it is aborted before the turn comes
   */
  async run<T>(signal: AbortSignal, search: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.running < this.limits.searchesRunning) this.running++;
    else await this.turn(signal);
    try {
      return await search();
    } finally {
      // The slot goes to who waits longest, without being free in between for a newcomer.
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next.enter();
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    if (this.waiting.length >= this.limits.searchesWaiting)
      throw new ServerError('OVERLOADED', 'Too many searches wait for their turn.', { retryAfterMs: 1_000 });
    const turn = Promise.withResolvers<void>();
    const waiter: Waiter = {
      enter: () => {
        signal.removeEventListener('abort', giveUp);
        turn.resolve();
      },
    };
    const giveUp = (): void => {
      this.waiting.splice(this.waiting.indexOf(waiter), 1);
      turn.reject(signal.reason);
    };
    this.waiting.push(waiter);
    signal.addEventListener('abort', giveUp, { once: true });
    await turn.promise;
  }
}
