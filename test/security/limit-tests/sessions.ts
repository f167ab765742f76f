import { expect, jest } from '@jest/globals';
import type { CallToolResult, JSONRPCMessage } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { EventLog } from '../../../libs/transport/src/http/event-log.js';
import { MemoryTaskStore } from '../../../libs/transport/src/tasks/memory-task-store.js';
import { modernRequest, openSession, post } from '../../support/mcp-messages.js';
import { type LimitTests, withServer } from './limit-test.js';

const message = (id: number, text = ''): JSONRPCMessage => ({ jsonrpc: '2.0', id, result: { text } });
/** How many of the messages sent under a limit are kept. */
async function keptOf(messages: readonly JSONRPCMessage[], limits: Partial<Limits>): Promise<number> {
  const log = new EventLog(new Limits(limits));
  const start = await log.storeEvent('one', {} as JSONRPCMessage);
  for (const each of messages) await log.storeEvent('one', each);
  let kept = 0;
  await log.replayEventsAfter(start, { send: async () => void kept++ });
  return kept;
}

const completed = (text: string): { status: 'completed'; result: CallToolResult } => ({
  status: 'completed',
  result: { content: [{ type: 'text', text }] },
});
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
async function withStore<T>(
  limits: Partial<Limits>,
  work: (store: MemoryTaskStore) => Promise<T>,
  now?: () => number,
): Promise<T> {
  const store = new MemoryTaskStore(new Limits(limits), now);
  try {
    return await work(store);
  } finally {
    store.onModuleDestroy();
  }
}
/** Whether each result, given to a task of its own, is kept as it is. */
const areKept = (limits: Partial<Limits>, texts: readonly string[]): Promise<boolean[]> =>
  withStore(limits, async (store) => {
    const kept: boolean[] = [];
    for (const text of texts) {
      const { id } = await store.create('alice');
      await store.advance(id, completed(text));
      const task = await store.find(id, 'alice');
      kept.push(JSON.stringify(task!.state) === JSON.stringify(completed(text)));
    }
    return kept;
  });

/** What each of several subscriptions, all open at once, is answered with: a stream, or a refusal. */
async function subscribed(url: string, filters: readonly object[]): Promise<(string | undefined)[]> {
  const leave = new AbortController();
  const types: (string | undefined)[] = [];
  for (const filter of filters) {
    const { headers, body } = modernRequest('subscriptions/listen', {
      notifications: { toolsListChanged: true, ...filter },
    });
    const response = await fetch(url, { method: 'POST', headers, body, signal: leave.signal });
    types.push(response.headers.get('content-type')?.split(';')[0]);
  }
  leave.abort();
  return types;
}

const REAL_TIMERS = [
  'Date',
  'hrtime',
  'nextTick',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;
const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

/** Limits on what is kept between calls: sessions, what they have sent, subscriptions, tasks. */
export const SESSION_LIMITS: LimitTests = {
  legacySessions: () =>
    withServer({ legacySessions: 3 }, {}, async ({ url }) => {
      for (let count = 1; count <= 3; count++) expect((await openSession(url))['mcp-session-id']).toBeTruthy();
      expect((await openSession(url))['mcp-session-id']).toBeNull();
    }),
  legacySessionsPerPrincipal: () =>
    withServer({ legacySessionsPerPrincipal: 2 }, {}, async ({ url }) => {
      const oldest = await openSession(url);
      await openSession(url);
      expect((await post(url, list, oldest)).status).toBe(200);
      const others = [await openSession(url), await openSession(url)];
      expect((await post(url, list, oldest)).status).toBe(404);
      for (const each of others) expect((await post(url, list, each)).status).toBe(200);
    }),
  legacySessionIdleMs: async () => {
    // The clock of the sessions and of their sweeper, every 30 seconds, is moved by hand.
    jest.useFakeTimers({ doNotFake: [...REAL_TIMERS] });
    try {
      await withServer({ legacySessionIdleMs: 60_000 }, {}, async ({ url }) => {
        const headers = await openSession(url);
        const statusAfter = async (ms: number): Promise<number> => {
          jest.advanceTimersByTime(ms);
          return (await post(url, list, headers)).status;
        };
        expect([await statusAfter(60_000), await statusAfter(60_000), await statusAfter(90_000)]).toEqual([
          200, 200, 404,
        ]);
      });
    } finally {
      jest.useRealTimers();
    }
  },
  legacyReplayEvents: async () => {
    expect(
      await keptOf(
        [1, 2, 3].map((id) => message(id)),
        { legacyReplayEvents: 3 },
      ),
    ).toBe(3);
    expect(
      await keptOf(
        [1, 2, 3, 4].map((id) => message(id)),
        { legacyReplayEvents: 3 },
      ),
    ).toBe(3);
  },
  legacyReplayBytes: async () => {
    const bytes = bytesOf(message(1, 'x'.repeat(100)));
    expect(await keptOf([message(1, 'x'.repeat(100))], { legacyReplayBytes: bytes })).toBe(1);
    expect(await keptOf([message(1, 'x'.repeat(101))], { legacyReplayBytes: bytes })).toBe(0);
  },
  subscriptions: () =>
    withServer({ subscriptions: 2 }, {}, async ({ url }) => {
      expect(await subscribed(url, [{}, {}, {}])).toEqual([
        'text/event-stream',
        'text/event-stream',
        'application/json',
      ]);
    }),
  subscribedUris: () =>
    withServer({ subscribedUris: 2 }, {}, async ({ url }) => {
      const filters = [2, 3].map((count) => ({
        resourceSubscriptions: Array.from({ length: count }, (_, at) => `x:${at}`),
      }));
      expect(await subscribed(url, filters)).toEqual(['text/event-stream', 'application/json']);
    }),
  subscribedUriChars: () =>
    withServer({ subscribedUriChars: 20 }, {}, async ({ url }) => {
      const filters = [10, 11].map((chars) => ({ resourceSubscriptions: ['x'.repeat(10), 'y'.repeat(chars)] }));
      expect(await subscribed(url, filters)).toEqual(['text/event-stream', 'application/json']);
    }),
  tasks: () =>
    withStore({ tasks: 2 }, async (store) => {
      await store.create('alice');
      await store.create('bob');
      await expect(store.create('carol')).rejects.toMatchObject({ code: 'OVERLOADED' });
    }),
  tasksPerPrincipal: () =>
    withStore({ tasksPerPrincipal: 2 }, async (store) => {
      await store.create('alice');
      await store.create('alice');
      await expect(store.create('alice')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      await store.create('bob');
    }),
  taskTtlMs: async () => {
    let now = 1_000;
    await withStore(
      { taskTtlMs: 500 },
      async (store) => {
        const { id } = await store.create('alice');
        now += 499;
        expect(await store.find(id, 'alice')).toBeDefined();
        now += 1;
        expect(await store.find(id, 'alice')).toBeUndefined();
      },
      () => now,
    );
  },
  taskResultBytes: async () => {
    const taskResultBytes = bytesOf(completed('x'.repeat(100)));
    expect(await areKept({ taskResultBytes }, ['x'.repeat(100), 'x'.repeat(101)])).toEqual([true, false]);
  },
  taskStoreBytes: async () => {
    const taskStoreBytes = 2 * bytesOf(completed('x'.repeat(100)));
    expect(await areKept({ taskStoreBytes }, ['x'.repeat(100), 'x'.repeat(100)])).toEqual([true, true]);
    expect(await areKept({ taskStoreBytes }, ['x'.repeat(100), 'x'.repeat(101)])).toEqual([true, false]);
  },
};
