import { ServerError } from '@app/mcp';

interface Waiter {
  enter(): void;
}

/**
 * Lets one piece of work at a time have a path, in the order of asking. Within this process: against others
 * the writer checks that the file is still the one that was read.
 */
export class PathLocks {
  /** Present while someone has the path. */
  private readonly queues = new Map<string, Waiter[]>();

  /** @param maxWaiters per path; whoever comes after is refused */
  constructor(private readonly maxWaiters: number) {}

  /** Paths held now. */
  get size(): number {
    return this.queues.size;
  }

  /** @throws ServerError OVERLOADED when too many wait; the signal's reason when it is aborted before the turn comes */
  async run<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    await this.enter(path, signal);
    try {
      return await work();
    } finally {
      this.leave(path);
    }
  }

  private async enter(path: string, signal: AbortSignal | undefined): Promise<void> {
    const queue = this.queues.get(path);
    if (queue === undefined) {
      this.queues.set(path, []);
      return;
    }
    if (queue.length >= this.maxWaiters)
      throw new ServerError('OVERLOADED', 'Too many calls wait to write the same file.', { retryAfterMs: 1_000 });
    const turn = Promise.withResolvers<void>();
    // Stops listening at the moment of the turn: an abort between it and the waiter's resuming must not touch the queue.
    const waiter: Waiter = {
      enter: () => {
        signal?.removeEventListener('abort', giveUp);
        turn.resolve();
      },
    };
    const giveUp = (): void => {
      queue.splice(queue.indexOf(waiter), 1);
      turn.reject(signal?.reason);
    };
    queue.push(waiter);
    signal?.addEventListener('abort', giveUp, { once: true });
    await turn.promise;
  }

  private leave(path: string): void {
    const next = this.queues.get(path)?.shift();
    if (next === undefined) this.queues.delete(path);
    else next.enter();
  }
}
