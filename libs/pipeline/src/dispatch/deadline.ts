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

/** The time a call has. Its signal is made when somebody asks for it: many methods never wait for anything. */
export class Lifetime {
  private controller?: AbortController;
  private reason?: ServerError;

  /** @param deadlineAt monotonic instant, `performance.now()` in ms. */
  constructor(readonly deadlineAt: number) {}

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason !== undefined) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  throwIfEnded(): void {
    if (this.reason !== undefined) throw this.reason;
  }

  end(reason: ServerError): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

interface Bounds {
  readonly deadlineMs: number;
  /** Calls back when the caller is gone. */
  readonly whenGone?: (gone: () => void) => void;
  readonly retryable: boolean;
  /** Certain to outlive its turn, so its watches are set up at once. */
  readonly isLong?: boolean;
  readonly overdue: OverdueWork;
  /** Called when work ends after its caller was answered; with the error it ended in, if it did. */
  readonly onLateEnd?: (error?: unknown) => void;
  /** Calls that can still be given up, e.g. by a shutdown that has run out of time. */
  readonly open: Set<GiveUp>;
}

/** Watches of calls that began in this turn of the event loop. */
const unarmed: (() => void)[] = [];

/**
 * Most calls end in the turn they began in, and need neither a timer nor an ear for their caller. So both are set up
 * at the end of the turn, for the calls that are still running then.
 */
function armLater(arm: () => void): void {
  if (unarmed.length === 0)
    setImmediate(() => {
      for (const each of unarmed.splice(0)) each();
    });
  unarmed.push(arm);
}

/**
 * Runs work under a deadline. The caller is answered at the deadline or when he is gone, whether or not the
 * work has stopped; the work's signal is aborted with the reason at the same moment.
 */
export function withDeadline<T>(bounds: Bounds, work: (lifetime: Lifetime) => Promise<T>): Promise<T> {
  const { deadlineMs, whenGone, retryable, overdue, open, onLateEnd, isLong = false } = bounds;
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
      if (onLateEnd !== undefined) running.then(() => onLateEnd(), onLateEnd);
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
