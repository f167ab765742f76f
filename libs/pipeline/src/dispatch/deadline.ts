import { ServerError } from '@app/mcp';

/** Work that went on after its caller was answered. Exposed so that nothing runs unseen. */
export class OverdueWork {
  private running = 0;

  /** Calls whose method has not ended although their caller was answered. */
  count(): number {
    return this.running;
  }
  track(work: Promise<unknown>): void {
    this.running++;
    const ended = (): void => void this.running--;
    work.then(ended, ended);
  }
}

/** Answers a call before its work has ended. */
export type GiveUp = (reason: ServerError) => void;

interface Bounds {
  readonly deadlineMs: number;
  /** Aborts when the caller is gone. */
  readonly caller?: AbortSignal;
  readonly retryable: boolean;
  readonly overdue: OverdueWork;
  /** Calls that can still be given up, e.g. by a shutdown that has run out of time. */
  readonly open: Set<GiveUp>;
}

/**
 * Runs work under a deadline. The caller is answered at the deadline or when he is gone, whether or not the
 * work has stopped; the work's signal is aborted with the reason at the same moment.
 */
export function withDeadline<T>(bounds: Bounds, work: (signal: AbortSignal, deadlineAt: number) => Promise<T>): Promise<T> {
  const { deadlineMs, caller, retryable, overdue, open } = bounds;
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    let answered = false;
    const giveUp: GiveUp = (reason) => {
      if (answered) return;
      answered = true;
      cleanUp();
      controller.abort(reason);
      overdue.track(running);
      reject(reason);
    };
    const onCallerGone = (): void => giveUp(new ServerError('CANCELLED', 'The call was cancelled.'));
    const timer = setTimeout(
      () => giveUp(new ServerError('TIMEOUT', `The call did not end within ${deadlineMs} ms.`, { retryable })),
      deadlineMs,
    );
    const cleanUp = (): void => {
      clearTimeout(timer);
      open.delete(giveUp);
      caller?.removeEventListener('abort', onCallerGone);
    };
    open.add(giveUp);
    const running: Promise<T> = work(controller.signal, performance.now() + deadlineMs);
    const settle = (finish: () => void): void => {
      if (answered) return;
      answered = true;
      cleanUp();
      finish();
    };
    running.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error as Error)),
    );
    if (caller?.aborted) onCallerGone();
    else caller?.addEventListener('abort', onCallerGone, { once: true });
  });
}
