import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

const PROGRAM = 'redis-server';
const START_MS = 10_000;

/** Whether a Redis of a test's own can be started here. */
export const hasRedis = (): boolean => spawnSync(PROGRAM, ['--version']).status === 0;

/** A Redis of the test's own, to be killed; it keeps nothing. */
export class RedisProcess {
  private child?: ChildProcess;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisProcess> {
    const redis = new RedisProcess(await freePort());
    await redis.restart();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** At the same port, empty. */
  async restart(): Promise<void> {
    const options = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.child = spawn(PROGRAM, options, { stdio: 'ignore' });
    const until = performance.now() + START_MS;
    while (!(await isListening(this.port))) {
      if (performance.now() > until) throw new Error('Redis did not start');
      await new Promise((next) => setTimeout(next, 20));
    }
  }

  /** As a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), answer(true))).once('error', () => answer(false));
  });
