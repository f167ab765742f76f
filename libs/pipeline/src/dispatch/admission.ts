import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { type Principal, ServerError } from '@app/mcp';
import { CallerPlaces } from './caller-places.js';
import type { GiveUp } from './deadline.js';

const RETRY_AFTER_MS = 1_000;

/** Stage `admission`: how many calls run at once, and none new once the server drains. */
@Injectable()
export class Admission {
  private running = 0;
  private draining = false;
  private readonly waiters: (() => void)[] = [];
  /** Calls whose caller waits for an answer. */
  readonly open = new Set<GiveUp>();

  constructor(
    private readonly limits: Limits,
    private readonly places: CallerPlaces,
  ) {}

  /**
   * Takes a place. The place belongs to the work, not to the wait for its answer: give it back when the work ends.
   * @returns gives it back
   * @throws ServerError OVERLOADED when the server drains or every place is taken, RATE_LIMITED when the caller or his
   * tenant has all of theirs
   */
  enter(principal: Principal): () => void {
    if (this.draining)
      throw new ServerError('OVERLOADED', 'The server is shutting down.', { retryAfterMs: RETRY_AFTER_MS });
    if (this.running >= this.limits.concurrentCalls)
      throw new ServerError('OVERLOADED', 'Every place for a call is taken.', { retryAfterMs: RETRY_AFTER_MS });
    const giveBack = this.places.take(principal);
    this.running++;
    return () => {
      giveBack();
      this.leave();
    };
  }

  private leave(): void {
    this.running--;
    if (this.running === 0) for (const wake of this.waiters.splice(0)) wake();
  }

  get isDraining(): boolean {
    return this.draining;
  }
  inFlight(): number {
    return this.running;
  }

  /** From here on new calls are refused. */
  drain(): void {
    this.draining = true;
  }

  /** Answers every call still open, now: there is no time left to wait for its work. */
  cutOff(): void {
    const reason = new ServerError('OVERLOADED', 'The server shut down before the call ended.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
    for (const giveUp of this.open) giveUp(reason);
  }

  /** Resolves when no call runs any more. */
  whenIdle(): Promise<void> {
    return this.running === 0 ? Promise.resolve() : new Promise((done) => this.waiters.push(done));
  }
}
