import { ServerError } from '@app/mcp';
import { armLater } from '../call/arm-later.js';
import { Lifetime } from '../call/lifetime.js';
import type { OverdueWork } from '../call/overdue-work.js';

/** Answers a call before its work has ended. */
export type GiveUp = (reason: ServerError) => void;

interface Bounds {
  readonly deadlineMs: number;
  /** Calls back when the caller is gone. */
  readonly whenGone?: (gone: () => void) => void;
  readonly retryable: boolean;
  /** Certain to outlive its turn, so its watches are set up at once. */
  readonly isLong?: boolean;
  readonly overdue: OverdueWork;
  /** Calls that can still be given up, e.g. by a shutdown that has run out of time. */
  readonly open: Set<GiveUp>;
}

/**
 * Runs work under a deadline. The caller is answered at the deadline or when he is gone, whether or not the
 * work has stopped; the work's signal is aborted with the reason at the same moment.
 */
export function withDeadline<T>(bounds: Bounds, work: (lifetime: Lifetime) => Promise<T>): Promise<T> {
  const { deadlineMs, whenGone, retryable, overdue, open, isLong = false } = bounds;
  const lifetime = new Lifetime(performance.now() + deadlineMs);
  return new Promise<T>((resolve, reject) => {
    let answered = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (): boolean => {
      if (answered) return false;
      answered = true;
      if (timer !== undefined) clearTimeout(timer);
      open.delete(giveUp);
      return true;
    };
    const giveUp: GiveUp = (reason) => {
      if (!settle()) return;
      lifetime.end(reason);
      overdue.track(running);
      reject(reason);
    };
    open.add(giveUp);
    const running = work(lifetime);
    running.then(
      (value) => void (settle() && resolve(value)),
      (error: unknown) => void (settle() && reject(error as Error)),
    );
    const arm = (): void => {
      if (answered) return;
      const late = (): void =>
        giveUp(new ServerError('TIMEOUT', `The call did not end within ${deadlineMs} ms.`, { retryable }));
      timer = setTimeout(late, lifetime.deadlineAt - performance.now());
      whenGone?.(() => {
        if (!answered) giveUp(new ServerError('CANCELLED', 'The call was cancelled.'));
      });
    };
    if (isLong) arm();
    else armLater(arm);
  });
}
