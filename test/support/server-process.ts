import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
export const PRODUCT = join(root, 'bin/mcp-software-engineer.mjs');
export const TEST_SERVER = join(root, 'dist-test/test/server/main.js');
const START_MS = 20_000;
/** Tests call more often, and repeat the same failures more often, than any client would. */
const HAMMERED = {
  // Where tests read it.
  AUDIT_STORE: 'log',
  RATE_LIMIT_MAX_REQUESTS: '65535',
  RATE_LIMIT_WINDOW_MS: '1',
  CONFIG_FILE: join(root, 'test/support/hammered.yaml'),
};

export interface StartOptions {
  readonly workspace: string;
  /** Serve the product, or the product with fixture tools. */
  readonly mode?: 'product' | 'fixtures' | 'conformance';
  readonly env?: Record<string, string>;
}

/** The built server as a process of its own, on a free loopback port. */
export class ServerProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
    private readonly output: { out: string; err: string },
  ) {}

  static async start({ workspace, mode = 'product', env = {} }: StartOptions): Promise<ServerProcess> {
    const script = mode === 'product' ? [PRODUCT] : [TEST_SERVER, mode];
    const args = [...script, '--http', '--port', '0', '--workspace', `ws=${workspace}`];
    // Of its own, or a key of one test would be answered with the result of another.
    const dataDir = await mkdtemp(join(tmpdir(), 'server-data-'));
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DATA_DIR: dataDir, ...HAMMERED, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { out: '', err: '' };
    child.once('exit', () => void rm(dataDir, { recursive: true, force: true }).catch(() => undefined));
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (output.out += text));
    const port = await new Promise<number>((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`the server did not listen: ${output.err}`)), START_MS);
      child.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${output.err}`)));
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        output.err += text;
        const listening = /listening at http:\/\/[^/]*:(\d+)\/mcp/.exec(output.err);
        if (listening === null) return;
        clearTimeout(timer);
        found(Number(listening[1]));
      });
    });
    return new ServerProcess(child, port, output);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }
  /** Lines of the log so far, parsed. */
  log(): Record<string, unknown>[] {
    return this.output.out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  get stderr(): string {
    return this.output.err;
  }
  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @returns the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.alive) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }
}
