import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { outcomeOf } from '../fixtures/outcome.js';
import { until } from '../fixtures/polling.js';
import { describeWith, POSTGRES_URL } from '../fixtures/services.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import { TestSchema } from '../fixtures/test-schema.js';
import { PostgresConnection, type PostgresSettings } from './postgres-connection.js';

const UNAVAILABLE = { code: 'POLICY_UNAVAILABLE' };
const TIMEOUT_MS = 400;
/** Far above what a busy machine adds, far below what a driver waits by itself. */
const ENDED_MS = 6_000;

const open: { close(): Promise<void> }[] = [];
function connect(url: string, settings: Partial<PostgresSettings> = {}): PostgresConnection {
  const connection = new PostgresConnection(url, { operationTimeoutMs: TIMEOUT_MS, retryGapMs: 0, ...settings });
  open.push(connection);
  return connection;
}
async function proxyTo(target?: number): Promise<{ proxy: TcpProxy; url: string }> {
  const proxy = new TcpProxy(target);
  open.push(proxy);
  return { proxy, url: `postgres://postgres@127.0.0.1:${await proxy.listen()}/test` };
}
/** Until then every operation is refused in the one way. */
async function answersAgain(connection: PostgresConnection): Promise<void> {
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

const ask = (connection: PostgresConnection): Promise<void> => connection.ping();

describe('PostgresConnection, before something that is not PostgreSQL', () => {
  it('ends within its timeout before a black hole, and leaves no connection behind', async () => {
    const { proxy, url } = await proxyTo();
    const connection = connect(url);
    await endsSoon(ask(connection));
    await until('the connection to be gone', async () => proxy.connections === 0);
    expect((await outcomeOf(connection.close())).tookMs).toBeLessThan(ENDED_MS);
    await expect(ask(connection)).rejects.toMatchObject(UNAVAILABLE);
  });

  it('ends when closed in the middle of connecting', async () => {
    const { url } = await proxyTo();
    const connection = connect(url);
    const asked = outcomeOf(ask(connection));
    expect((await outcomeOf(connection.close())).tookMs).toBeLessThan(ENDED_MS);
    expect(await asked).toMatchObject(UNAVAILABLE);
  });
});

await describeWith('PostgresConnection, before PostgreSQL', POSTGRES_URL, () => {
  const schema = new TestSchema();
  const PATIENT = { schema: schema.name, operationTimeoutMs: 10_000 };
  beforeAll(() => schema.create());
  afterAll(() => schema.drop());

  const named = (): string => `mcp-test-${randomBytes(6).toString('hex')}`;
  const countOf = async (name: string): Promise<number> =>
    (await schema.admin.query('SELECT FROM pg_stat_activity WHERE application_name = $1', [name])).rowCount!;
  const kill = async (name: string): Promise<number> =>
    (
      await schema.admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
        name,
      ])
    ).rowCount!;

  it('takes one statement at a time, for each goes with its parameters', async () => {
    const connection = connect(POSTGRES_URL, PATIENT);
    const one = await connection.run((statement) => statement<{ n: number }>('SELECT $1::int AS n', [7]));
    expect(one).toEqual({ rows: [{ n: 7 }], count: 1 });
    const two = await outcomeOf(connection.run((statement) => statement('SELECT $1::int; SELECT 2', [1])));
    expect(two).toMatchObject({ ...UNAVAILABLE, error: { cause: { code: '42601' } } });
  });

  it('keeps what was sent out of the errors', async () => {
    const connection = connect(POSTGRES_URL, PATIENT);
    const failing = connection.run((statement) => statement('SELECT $1::text FROM nowhere', ['the secret']));
    const { error, code } = await outcomeOf(failing);
    const { cause } = error as { cause: Error };
    expect(code).toBe('POLICY_UNAVAILABLE');
    expect(cause.message).toContain('nowhere');
    expect(JSON.stringify(cause, Object.getOwnPropertyNames(cause))).not.toContain('the secret');
  });

  it('goes on by a new connection after its own were killed while idle', async () => {
    const connectionName = named();
    const connection = connect(POSTGRES_URL, { ...PATIENT, connectionName });
    await ask(connection);
    expect(await kill(connectionName)).toBeGreaterThan(0);
    await answersAgain(connection);
  });

  it('answers or refuses every operation while its connections are killed again and again', async () => {
    const connectionName = named();
    const connection = connect(POSTGRES_URL, { ...PATIENT, connectionName, maxConnections: 4 });
    const seen = { killed: 0, answered: 0, codes: new Set<string | undefined>() };
    const one = async (): Promise<void> => {
      while (seen.killed < 20) {
        const { error, code } = await outcomeOf(ask(connection));
        if (error === undefined) seen.answered++;
        else seen.codes.add(code);
      }
    };
    const killer = async (): Promise<void> => {
      while (seen.killed < 20) {
        const before = seen.answered;
        await until('answers in between', async () => seen.answered > before);
        seen.killed += await kill(connectionName);
      }
    };
    await Promise.all([killer(), ...Array.from({ length: 8 }, one)]);
    expect([...seen.codes].filter((code) => code !== 'POLICY_UNAVAILABLE')).toEqual([]);
    await answersAgain(connection);
    expect(await countOf(connectionName)).toBeLessThanOrEqual(4);
  });

  it('ends a statement that hangs, here and in the database', async () => {
    const connectionName = named();
    const connection = connect(POSTGRES_URL, { ...PATIENT, operationTimeoutMs: 1_500, connectionName });
    await answersAgain(connection);
    const slow = connection.run((statement) => statement('SELECT pg_sleep($1)', [60]));
    await endsSoon(slow);
    await until('the statement to end', async () => {
      const sql = `SELECT FROM pg_stat_activity WHERE application_name = $1 AND state = 'active'`;
      return (await schema.admin.query(sql, [connectionName])).rowCount === 0;
    });
    await answersAgain(connection);
  });

  it('gives up connections that stopped answering, and makes others', async () => {
    const { proxy, url } = await proxyTo(5432);
    const connection = connect(url, { ...PATIENT, operationTimeoutMs: 1_500, maxConnections: 2 });
    await answersAgain(connection);
    proxy.stall();
    await endsSoon(ask(connection));
    await answersAgain(connection);
  });

  it('finds the database again when it comes back', async () => {
    const first = new TcpProxy(5432);
    const port = await first.listen();
    const connection = connect(`postgres://postgres@127.0.0.1:${port}/test`, PATIENT);
    await ask(connection);
    await first.close();
    await until('a refusal', async () => (await outcomeOf(ask(connection))).code === 'POLICY_UNAVAILABLE');
    const second = new TcpProxy(5432);
    open.push(second);
    await second.listen(port);
    await answersAgain(connection);
  });

  it('closes every connection', async () => {
    const connectionName = named();
    const connection = connect(POSTGRES_URL, { ...PATIENT, connectionName });
    await Promise.all(Array.from({ length: 20 }, () => ask(connection)));
    expect(await countOf(connectionName)).toBeGreaterThan(0);
    await connection.close();
    await until('the connections to be gone', async () => (await countOf(connectionName)) === 0);
  });
});
