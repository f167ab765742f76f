import { setImmediate } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { sqliteError } from './sqlite-failure.js';
import type { Answered, Asked, Question, SqliteFile } from './sqlite.worker.js';

const HEAP_MB = 512;
/** The file beside this one, compiled or not. */
const WORKER = new URL(`./sqlite.worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * The thread in which the embedded database lives, for SQLite blocks the one it runs in. It answers one question after
 * the other. One that takes too long ends it; so does any failure of the thread itself. Only while it is asked
 * something it keeps the process from ending.
 *
 * Ending it takes effect at once for everybody who asks, but the thread itself ends only when the statement it is
 * executing gives the control back to JavaScript: nothing in SQLite's driver can interrupt one. What it had not
 * committed is then rolled back.
 */
export class SqliteThread {
  /** Resolves when the thread is really gone, its files closed. */
  readonly gone: Promise<void>;
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private readonly ended = Promise.withResolvers<void>();
  private nextId = 0;
  private endedBy?: Error;

  /** @param onEnd called once, as soon as it takes no more questions */
  constructor(
    file: SqliteFile,
    private readonly onEnd: (thread: SqliteThread) => void,
  ) {
    this.gone = this.ended.promise;
    this.worker = new Worker(WORKER, {
      workerData: file,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.worker.unref();
    this.worker.on('message', (answered: Answered) => this.settle(answered));
    this.worker.on('error', (error) => this.end(error instanceof Error ? error : new Error('the thread failed')));
    this.worker.on('exit', () => {
      this.end(new Error('the thread of the database ended'));
      this.ended.resolve();
    });
  }

  /** @throws ServerError POLICY_UNAVAILABLE for what an operator can put right; Error for all else, without values */
  ask<T>(question: Question, timeoutMs: number): Promise<T> {
    if (this.endedBy !== undefined) return Promise.reject(this.endedBy);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.nextId++;
    const late = (): void => this.end(new Error(`no answer within ${timeoutMs} ms`));
    // Where this thread was busy itself, the answer may be there already: it is read first.
    const timer = setTimeout(() => setImmediate(() => this.waiting.has(id) && late()), timeoutMs).unref();
    this.waiting.set(id, { timer, resolve, reject });
    this.worker.ref();
    const asked: Asked = { id, question };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.worker.postMessage(asked);
    return promise as Promise<T>;
  }

  /** Takes no more questions; what was asked fails. */
  end(reason: Error): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = reason;
    this.onEnd(this);
    for (const { timer, reject } of this.waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.waiting.clear();
    // Resolves when `gone` does. Until then the process cannot end, whether the thread is unref'ed or not.
    void this.worker.terminate();
  }

  private settle(answered: Answered): void {
    const waiting = this.waiting.get(answered.id);
    if (waiting === undefined) return;
    this.waiting.delete(answered.id);
    if (this.waiting.size === 0) this.worker.unref();
    clearTimeout(waiting.timer);
    if (answered.failure === undefined) waiting.resolve(answered.answer);
    else waiting.reject(sqliteError(answered.failure));
  }
}
