import { setImmediate } from 'node:timers/promises';
import { ServerError } from '@app/mcp';

/**
 * Operations of one service behind the server: each ends within a time, and so many run at once at most. What the
 * service says about a failure goes to the log, without the values that were sent to it.
 */
export class BoundedOperations {
  private running = 0;

  /**
   * @param service its name, shown to the caller
   * @param maxRunning more are refused; an operation counts until the service is done with it, not until we gave up
   */
  constructor(
    private readonly service: string,
    readonly timeoutMs: number,
    private readonly maxRunning: number,
  ) {}

  /**
   * @param work gets a signal that is aborted when nobody waits any more: what was not begun then should not be
   * @throws ServerError POLICY_UNAVAILABLE after the timeout or on any failure, OVERLOADED when too many run
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.running >= this.maxRunning)
      throw new ServerError('OVERLOADED', `Too many calls wait for ${this.service}.`, { retryAfterMs: this.timeoutMs });
    this.running++;
    const wanted = new AbortController();
    const done = work(wanted.signal).finally(() => this.running--);
    const late = Promise.withResolvers<never>();
    const giveUp = (): void => {
      const reason = new Error(`no answer within ${this.timeoutMs} ms`);
      wanted.abort(reason);
      late.reject(reason);
    };
    const timer = setTimeout(giveUp, this.timeoutMs).unref();
    try {
      return await Promise.race([done, late.promise]);
    } catch (error) {
      // A failure that needed no I/O: a caller who tries again and again must not keep the news of it from arriving.
      await setImmediate();
      if (error instanceof ServerError) throw error;
      throw new ServerError('POLICY_UNAVAILABLE', `No answer from ${this.service}.`, { cause: withoutValues(error) });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Drivers hang the statement and its values on their errors; those can be results of calls. */
function withoutValues(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('failed without a reason');
  const origin = 'driverError' in error && error.driverError instanceof Error ? error.driverError : error;
  const plain: Error & { code?: unknown } = new Error(origin.message);
  plain.name = origin.name;
  plain.stack = origin.stack;
  if ('code' in origin) plain.code = origin.code;
  return plain;
}
