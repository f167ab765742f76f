import { Worker } from 'node:worker_threads';
import type { MatchedLines, WorkerSettings } from './line-match.worker.js';

const HEAP_MB = 256;
/** The file beside this one, compiled or not. */
const WORKER = new URL(
  `./line-match.worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

/**
 * Matches lines in a thread of its own: JavaScript's regular expressions can take exponential time, and only a thread
 * can be stopped while they do.
 */
export class LineMatcher implements AsyncDisposable {
  private readonly worker: Worker;
  private waiting?: { resolve(found: MatchedLines[] | undefined): void; reject(error: unknown): void };
  private isStopped = false;

  constructor(settings: WorkerSettings) {
    this.worker = new Worker(WORKER, {
      workerData: settings,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.worker.unref();
    this.worker.on('message', (found: MatchedLines[]) => this.settle()?.resolve(found));
    this.worker.on('error', (error) => this.settle()?.reject(error));
    this.worker.on('exit', () => this.settle()?.resolve(undefined));
  }

  /** One text at a time. @returns undefined once stopped */
  match(text: string): Promise<MatchedLines[] | undefined> {
    if (this.isStopped) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      this.worker.postMessage(text);
    });
  }

  /** Ends the thread whatever it is doing. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.worker.terminate();
    this.settle()?.resolve(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private settle(): LineMatcher['waiting'] {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }
}
