import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { outcomeOf } from '../fixtures/outcome.js';
import { until } from '../fixtures/polling.js';
import { describeWith, REDIS_URL } from '../fixtures/services.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import { TestPrefix } from '../fixtures/test-prefix.js';
import { RedisConnection, type RedisSettings } from './redis-connection.js';
import { redisScript } from './redis-script.js';

const UNAVAILABLE = { code: 'POLICY_UNAVAILABLE' };
const TIMEOUT_MS = 400;
/** Far below the 10 s and more that a driver waits by itself, far above what a busy machine adds. */
const ENDED_MS = 4_000;

const open: { close(): Promise<void> }[] = [];
function connect(url: string, settings: Partial<RedisSettings> = {}): RedisConnection {
  const connection = new RedisConnection(url, { operationTimeoutMs: TIMEOUT_MS, retryGapMs: 0, ...settings });
  open.push(connection);
  return connection;
}
async function proxyTo(target?: number): Promise<{ proxy: TcpProxy; url: string; port: number }> {
  const proxy = new TcpProxy(target);
  const port = await proxy.listen();
  open.push(proxy);
  return { proxy, port, url: `redis://127.0.0.1:${port}` };
}
/** Until then every operation is refused in the one way. */
async function answersAgain(connection: RedisConnection): Promise<void> {
  await until('an answer', async () => {
    const { error, code } = await outcomeOf(ask(connection));
    if (error !== undefined) expect(code).toBe('POLICY_UNAVAILABLE');
    return error === undefined;
  });
}
async function endsSoon(work: Promise<unknown>): Promise<void> {
  const { code, tookMs } = await outcomeOf(work);
  expect(code).toBe('POLICY_UNAVAILABLE');
  expect(tookMs).toBeLessThan(ENDED_MS);
}
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const ask = (connection: RedisConnection): Promise<void> => connection.ping();

describe('RedisConnection, before something that is not Redis', () => {
  it(
    injected(
      'store that does not answer',
      'BoundedOperations',
      'ends within its timeout before a black hole, and leaves no connection behind',
    ),
    async () => {
      const { proxy, url } = await proxyTo();
      const connection = connect(url);
      await endsSoon(ask(connection));
      await until('the connection to be gone', async () => proxy.connections === 0);
    },
  );

  it('refuses at once for a while after a failure, and one too many while others wait', async () => {
    const { url } = await proxyTo();
    const clock = { nowMs: 0 };
    const connection = new RedisConnection(
      url,
      { operationTimeoutMs: TIMEOUT_MS, retryGapMs: 1_000, maxRunning: 2 },
      () => clock.nowMs,
    );
    open.push(connection);
    const two = [ask(connection), ask(connection)].map(outcomeOf);
    expect(await outcomeOf(ask(connection))).toMatchObject({ code: 'OVERLOADED' });
    for (const one of two) expect(await one).toMatchObject(UNAVAILABLE);
    const isRefusedAtOnce = async (): Promise<boolean> => {
      const { code, tookMs } = await outcomeOf(ask(connection));
      return code === 'POLICY_UNAVAILABLE' && tookMs < TIMEOUT_MS / 2;
    };
    await until('the failure to be known', isRefusedAtOnce);
    clock.nowMs += 999;
    expect(await isRefusedAtOnce()).toBe(true);
    clock.nowMs += 1;
    const tried = await outcomeOf(ask(connection));
    expect(tried).toMatchObject(UNAVAILABLE);
    expect(tried.tookMs).toBeGreaterThan(TIMEOUT_MS / 2);
  });

  it('ends when closed in the middle of connecting', async () => {
    const { url } = await proxyTo();
    const connection = connect(url);
    const asked = outcomeOf(ask(connection));
    expect((await outcomeOf(connection.close())).tookMs).toBeLessThan(ENDED_MS);
    expect(await asked).toMatchObject(UNAVAILABLE);
    await expect(ask(connection)).rejects.toMatchObject(UNAVAILABLE);
  });

  it('fails soon where nothing listens', async () => {
    const { proxy, url } = await proxyTo();
    await proxy.close().finally(() => open.pop());
    await expect(ask(connect(url))).rejects.toMatchObject(UNAVAILABLE);
  });
});

await describeWith('RedisConnection, before Redis', REDIS_URL, () => {
  let prefix: TestPrefix;
  beforeAll(() => {
    prefix = new TestPrefix();
  });
  afterAll(() => prefix.drop());

  const named = (): string => `mcp-test-${randomBytes(6).toString('hex')}`;
  async function idsOf(name: string): Promise<string[]> {
    const list = String(await prefix.admin.client('LIST'));
    const lines = list.split('\n').filter((line) => line.includes(` name=${name} `));
    return lines.map((line) => /^id=(\d+)/.exec(line)![1]!);
  }

  it('goes on by a new connection after its own was killed while idle', async () => {
    const connectionName = named();
    const connection = connect(REDIS_URL, { connectionName, operationTimeoutMs: 5_000 });
    await ask(connection);
    const [id] = await idsOf(connectionName);
    await prefix.admin.client('KILL', 'ID', id!);
    await answersAgain(connection);
    expect(await idsOf(connectionName)).not.toContain(id);
  });

  it('answers or refuses every operation while its connections are killed again and again', async () => {
    const connectionName = named();
    const connection = connect(REDIS_URL, { connectionName, operationTimeoutMs: 5_000 });
    const seen = { killed: 0, answered: 0, codes: new Set<string | undefined>() };
    const one = async (): Promise<void> => {
      while (seen.killed < 10) {
        const { error, code } = await outcomeOf(ask(connection));
        if (error === undefined) seen.answered++;
        else seen.codes.add(code);
      }
    };
    const killer = async (): Promise<void> => {
      while (seen.killed < 10) {
        const before = seen.answered;
        await until('answers in between', async () => seen.answered > before);
        for (const id of await idsOf(connectionName))
          seen.killed += Number(await prefix.admin.client('KILL', 'ID', id));
      }
    };
    await Promise.all([killer(), ...Array.from({ length: 20 }, one)]);
    expect([...seen.codes].filter((code) => code !== 'POLICY_UNAVAILABLE')).toEqual([]);
    await answersAgain(connection);
  });

  it('gives up a connection that stopped answering, and makes another', async () => {
    const { proxy, url } = await proxyTo(6379);
    const connection = connect(url);
    await ask(connection);
    proxy.stall();
    await endsSoon(ask(connection));
    await answersAgain(connection);
  });

  it('finds Redis again when it comes back', async () => {
    const first = new TcpProxy(6379);
    const port = await first.listen();
    const connection = connect(`redis://127.0.0.1:${port}`);
    await ask(connection);
    await first.close();
    await until('a refusal', async () => (await outcomeOf(ask(connection))).code === 'POLICY_UNAVAILABLE');
    await expect(ask(connection)).rejects.toMatchObject(UNAVAILABLE);
    const second = new TcpProxy(6379);
    open.push(second);
    await second.listen(port);
    await answersAgain(connection);
  });

  it('runs a script that Redis does not know yet, and one it knows', async () => {
    const connection = connect(REDIS_URL, { keyPrefix: prefix.name, operationTimeoutMs: 5_000 });
    const script = redisScript(`return {KEYS[1], ARGV[1], '${named()}'}`);
    const first = await connection.evaluate(script, 'k', 'v');
    expect(first).toEqual([`${prefix.name}k`, 'v', expect.any(String)]);
    expect(await connection.evaluate(script, 'k', 'v')).toEqual(first);
  });

  it('keeps what was sent out of the errors', async () => {
    const connection = connect(REDIS_URL, { keyPrefix: prefix.name, operationTimeoutMs: 5_000 });
    const failing = redisScript(`return redis.error_reply('ERR no')`);
    const { error, code } = await outcomeOf(connection.evaluate(failing, 'k', 'the secret'));
    const { cause } = error as { cause: Error };
    expect(code).toBe('POLICY_UNAVAILABLE');
    expect(cause.message).toContain('ERR no');
    expect(JSON.stringify(cause, Object.getOwnPropertyNames(cause))).not.toContain('the secret');
  });
});
