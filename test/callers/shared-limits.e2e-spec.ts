import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modernRequest, post } from '../support/mcp-messages.js';
import { hasRedis, RedisProcess } from '../support/redis-process.js';
import { ServerProcess } from '../support/server-process.js';

const LIMIT = 40;
const CLIENTS = 8;
const CALLS_EACH = 15;
/** While Redis is lost each server lets a quarter of the limit pass. */
const LOCAL_LIMIT = LIMIT / 4;
/** Far above what a server needs to notice; far below for ever. */
const ANSWERED_MS = 15_000;
const START_MS = 60_000;

interface Ends {
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
}

/** One call of a tool that needs no arguments to be counted. @returns whether it was let through the throttle */
async function isAccepted(server: ServerProcess, tool: string): Promise<boolean> {
  const { body, headers } = modernRequest('tools/call', { name: tool, arguments: {} });
  const { message } = await post(server.url, body, headers);
  const result = message.result as { _meta: Record<string, { code?: string }> };
  return result._meta['mcp-software-engineer/error']?.code !== 'RATE_LIMITED';
}

/** Parallel clients, alternating between the servers. @param onAnswer called after each answer */
async function hammer(servers: readonly ServerProcess[], tool: string, onAnswer?: () => void): Promise<Ends> {
  let [accepted, refused, slowestMs] = [0, 0, 0];
  const client = async (number: number): Promise<void> => {
    for (let call = 0; call < CALLS_EACH; call++) {
      const began = performance.now();
      if (await isAccepted(servers[(number + call) % servers.length]!, tool)) accepted++;
      else refused++;
      slowestMs = Math.max(slowestMs, performance.now() - began);
      onAnswer?.();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_client, number) => client(number)));
  return { accepted, refused, slowestMs };
}

const suite = (): void => {
  let folder: string;
  let redis: RedisProcess;
  let servers: ServerProcess[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shared-limits-'));
    redis = await RedisProcess.start();
    const start = (): Promise<ServerProcess> =>
      ServerProcess.start({
        workspace: folder,
        env: { REDIS_URL: redis.url, RATE_LIMIT_MAX_REQUESTS: `${LIMIT}`, RATE_LIMIT_WINDOW_MS: '600000' },
      });
    servers = await Promise.all([start(), start()]);
  }, START_MS);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await redis.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('eight clients of two servers get the limit once, not twice', async () => {
    const { accepted, refused } = await hammer(servers, 'workspace_info');
    expect([accepted, refused]).toEqual([LIMIT, CLIENTS * CALLS_EACH - LIMIT]);
  });

  it(
    'with Redis killed under way no server lets more through than its stricter limit, and none hangs',
    async () => {
      const acceptedBefore = LOCAL_LIMIT;
      let answers = 0;
      let killed: Promise<void> | undefined;
      const { accepted, refused, slowestMs } = await hammer(servers, 'list_files', () => {
        if (++answers === acceptedBefore) killed = redis.kill();
      });
      await killed;
      expect(accepted + refused).toBe(CLIENTS * CALLS_EACH);
      // What was counted together before, and what each server counts for itself afterwards.
      expect(accepted).toBeLessThanOrEqual(LIMIT + servers.length * LOCAL_LIMIT);
      expect(slowestMs).toBeLessThan(ANSWERED_MS);
      // From the first call on without Redis: the stricter limit of each, to the call.
      const alone = await hammer(servers, 'search_text');
      expect([alone.accepted, alone.refused]).toEqual([
        servers.length * LOCAL_LIMIT,
        CLIENTS * CALLS_EACH - servers.length * LOCAL_LIMIT,
      ]);
      expect(alone.slowestMs).toBeLessThan(ANSWERED_MS);
    },
    2 * START_MS,
  );

  it(
    'with Redis back the servers share the limit again',
    async () => {
      await redis.restart();
      // A store that was lost is tried again after a moment; this tool's own limit is used up locally by then or not.
      const until = performance.now() + ANSWERED_MS;
      for (const server of servers) while (await countsLocally(server)) expect(performance.now()).toBeLessThan(until);
      const { accepted, refused } = await hammer(servers, 'read_files');
      expect([accepted, refused]).toEqual([LIMIT, CLIENTS * CALLS_EACH - LIMIT]);
    },
    2 * START_MS,
  );
};

/** Whether a call made now is counted by this server alone. */
async function countsLocally(server: ServerProcess): Promise<boolean> {
  const before = await localCounts(server);
  await isAccepted(server, 'edit_file');
  await new Promise((next) => setTimeout(next, 50));
  return (await localCounts(server)) > before;
}

async function localCounts(server: ServerProcess): Promise<number> {
  const text = await (await fetch(server.url.replace(/\/mcp$/, '/metrics'))).text();
  const found = [...text.matchAll(/^wcgw_stage_decisions_total\{[^}]*decision="counted locally"[^}]*\} (\d+)$/gm)];
  return found.reduce((sum, [, count]) => sum + Number(count), 0);
}

const NAME = 'two servers that share Redis';
const skipped = describe.skip;
if (hasRedis())
  describe(NAME, () => {
    suite();
  });
else if (env.CI === undefined) skipped(`${NAME}: redis-server is not installed`, suite);
else
  describe(NAME, () => {
    it('has redis-server', () => {
      throw new Error('redis-server is not installed');
    });
  });
