import { isAbsolute } from 'node:path';
import { startChild } from './child-start.js';
import { LiveGroups } from './live-groups.js';

/** How long a child asked to end may take before it is killed. */
const KILL_AFTER_MS = 1_000;
/** How long output is still awaited after the exit: a grandchild can hold the pipe open for ever. */
const DRAIN_MS = 200;
const STDERR_BYTES = 16_384;

export interface ChildOptions {
  /** Absolute path. There is no shell and no search in PATH. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** An open file to read from; default: nothing to read. */
  readonly stdinFd?: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  /** The child is ended when it has written more than this. */
  readonly maxStdoutBytes: number;
  /** Takes output as it comes; `false` ends the child. Not called again after that. */
  readonly onStdout: (chunk: Buffer) => boolean;
  /** Takes the error output instead of keeping its first bytes. */
  readonly onStderr?: (chunk: Buffer) => void;
}

export interface ChildEnd {
  /** What ended the child: itself, or one of the four bounds. */
  readonly cause: 'exit' | 'stopped' | 'output' | 'timeout' | 'aborted';
  /** Exit code; null after a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The first 16 KB of what it wrote to stderr; empty with `onStderr`. */
  readonly stderr: string;
}

/**
 * Runs a program in a process group of its own and waits until it is gone. The group is ended with TERM, a second
 * later with KILL, and swept once more after the exit, so that what the program started does not outlive it.
 * @throws ServerError OVERLOADED where the machine has no files, processes or memory left to start it; Error with
 *   `code` ENOENT or EACCES where the program cannot be started; whatever `onStdout` throws
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  if (!isAbsolute(options.program)) throw new Error('a program is named by its absolute path');
  if (options.signal?.aborted) return { cause: 'aborted', code: null, signal: null, stderr: '' };
  return new RunningChild(await startChild(options), options).ended();
}

type StartedChild = Awaited<ReturnType<typeof startChild>>;

class RunningChild {
  private cause: ChildEnd['cause'] = 'exit';
  private stdoutBytes = 0;
  private readonly stderr: Buffer[] = [];
  private stderrBytes = 0;
  private killTimer?: NodeJS.Timeout;
  private failure?: { readonly error: unknown };

  constructor(
    private readonly child: StartedChild,
    private readonly options: ChildOptions,
  ) {}

  async ended(): Promise<ChildEnd> {
    const { child, options } = this;
    const exited = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve([code, signal]));
    });
    const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
    child.stdout.on('data', (chunk: Buffer) => this.takeStdout(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.takeStderr(chunk));
    const timer = setTimeout(() => this.end('timeout'), options.timeoutMs).unref();
    const onAbort = (): void => this.end('aborted');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (child.pid !== undefined) LiveGroups.add(child.pid);
    try {
      const [code, signal] = await exited;
      this.signalGroup('SIGKILL');
      await this.drain(closed);
      if (this.failure !== undefined) throw this.failure.error;
      return { cause: this.cause, code, signal, stderr: Buffer.concat(this.stderr).toString('utf8') };
    } finally {
      clearTimeout(timer);
      clearTimeout(this.killTimer);
      options.signal?.removeEventListener('abort', onAbort);
      if (child.pid !== undefined) LiveGroups.delete(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
    }
  }

  private takeStdout(chunk: Buffer): void {
    if (this.cause !== 'exit') return;
    this.stdoutBytes += chunk.length;
    if (this.stdoutBytes > this.options.maxStdoutBytes) this.end('output');
    else if (!this.consume(chunk)) this.end('stopped');
  }

  /** What the consumer throws must reach whoever waits for the child, not the event loop. */
  private consume(chunk: Buffer): boolean {
    try {
      return this.options.onStdout(chunk);
    } catch (error) {
      this.failure = { error };
      return false;
    }
  }

  private takeStderr(chunk: Buffer): void {
    if (this.options.onStderr !== undefined) return this.options.onStderr(chunk);
    const room = STDERR_BYTES - this.stderrBytes;
    if (room <= 0) return;
    this.stderr.push(chunk.subarray(0, room));
    this.stderrBytes += Math.min(chunk.length, room);
  }

  private end(cause: ChildEnd['cause']): void {
    if (this.cause !== 'exit' || this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.cause = cause;
    this.signalGroup('SIGTERM');
    this.killTimer = setTimeout(() => this.signalGroup('SIGKILL'), KILL_AFTER_MS).unref();
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.child.pid !== undefined) LiveGroups.signal(this.child.pid, signal);
  }

  private async drain(closed: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([closed, new Promise<void>((resolve) => void (timer = setTimeout(resolve, DRAIN_MS)))]);
    clearTimeout(timer);
  }
}
