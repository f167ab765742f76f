import { expect } from '@jest/globals';
import type { ServerContext } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { Ctx, Tool, type ToolCall } from '@app/mcp';
import { Admission, Toolset } from '@app/pipeline';
import { BOB, FixtureTools } from '@app/testing';
import { type CallIdentity, RequestState } from '../../../libs/transport/src/protocol/request-state.js';
import { modernRequest, post } from '../../support/mcp-messages.js';
import { codeOf, type LimitTests, withServer, withTools } from './limit-test.js';

/** Waits for its end, and has no deadline of its own. */
@Toolset({ name: 'waiting', scope: 'waiting' })
class WaitingTools {
  @Tool({
    title: 'Wait',
    description: 'Waits for its end',
    risk: 'read',
    hints: { destructive: false, idempotent: true, openWorld: false },
  })
  waitForEnd(@Ctx() { signal }: ToolCall): Promise<never> {
    return new Promise((_done, failed) => signal.addEventListener('abort', () => failed(signal.reason as Error)));
  }
}

const IDENTITY: CallIdentity = {
  principal: { subject: 'alice', tenant: 'acme', scopes: [], actors: [] },
  method: 'tools/call',
  name: 'x',
  input: {},
};

const modern = async (url: string, method: string, params: Record<string, unknown>) => {
  const { headers, body } = modernRequest(method, params);
  return (await post(url, body, headers)).message.result as unknown;
};
const files = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.txt`, 'x']));
/** Limits on calls: how many, how long, and what their answers list. */
export const CALL_LIMITS: LimitTests = {
  requestStateChars: async () => {
    // One state per object: the key that signs it is the object's own. Its length is the same for the same content.
    const accepted = async (requestStateChars?: number): Promise<number | undefined> => {
      const state = new RequestState(new Limits(requestStateChars === undefined ? {} : { requestStateChars }));
      const sealed = await state.seal({ answers: {} }, IDENTITY);
      return state.verify(sealed, {} as ServerContext).then(
        () => sealed.length,
        () => undefined,
      );
    };
    const chars = (await accepted())!;
    expect(await accepted(chars)).toBe(chars);
    expect(await accepted(chars - 1)).toBeUndefined();
  },
  requestStatesUsed: async () => {
    const state = new RequestState(new Limits({ requestStatesUsed: 2 }));
    const use = async (): Promise<unknown> =>
      state.open(await state.verify(await state.seal({ answers: {} }, IDENTITY), {} as ServerContext), IDENTITY);
    expect([await use(), await use()]).toEqual([{ answers: {} }, { answers: {} }]);
    await expect(use()).rejects.toMatchObject({ code: -32603 });
  },
  nameChars: () =>
    withServer({ nameChars: 50 }, {}, async ({ url }) => {
      const refusal = async (method: string, params: Record<string, unknown>): Promise<string | undefined> => {
        const { headers, body } = modernRequest(method, params);
        return (await post(url, body, headers)).message.error?.message;
      };
      expect(await refusal('tools/call', { name: 'x'.repeat(50) })).toContain('Unknown tool');
      expect(await refusal('tools/call', { name: 'x'.repeat(51) })).toContain('more than 50 characters');
      expect(await refusal('resources/read', { uri: 'x'.repeat(50) })).toBe('Resource not found');
      expect(await refusal('resources/read', { uri: 'x'.repeat(51) })).toContain('more than 50 characters');
    }),
  listPageSize: async () => {
    // The register and the lock are listed too.
    const page = (count: number): Promise<void> =>
      withServer({ listPageSize: 3 }, files(count - 2), async ({ url }) => {
        const { resources, nextCursor } = (await modern(url, 'resources/list', {})) as {
          resources: unknown[];
          nextCursor?: string;
        };
        expect([resources.length, nextCursor !== undefined]).toEqual([3, count > 3]);
      });
    await page(3);
    await page(4);
  },
  completionValues: async () => {
    const complete = (count: number): Promise<void> =>
      withServer({ completionValues: 3 }, files(count), async ({ url }) => {
        const ref = { type: 'ref/resource', uri: 'workspace://{workspace}/{+path}' };
        const { completion } = (await modern(url, 'completion/complete', {
          ref,
          argument: { name: 'path', value: '' },
        })) as { completion: { values: unknown[] } };
        expect(completion.values).toHaveLength(Math.min(count, 3));
      });
    await complete(3);
    await complete(4);
  },
  callsPerPrincipal: () =>
    withTools(
      { callsPerPrincipal: 2 },
      {},
      async (kit) => {
        const leave = new AbortController();
        const waiting = [1, 2].map(() => kit.call('wait_for_end', {}, { signal: leave.signal }));
        expect(await codeOf(kit, 'echo', { text: 'x' })).toBe('RATE_LIMITED');
        expect((await kit.call('echo', { text: 'x' }, { principal: BOB })).kind).toBe('success');
        leave.abort();
        await Promise.all(waiting);
      },
      [WaitingTools, FixtureTools],
    ),
  callsPerTool: () =>
    withTools(
      { callsPerTool: 2, callsWaitingPerTool: 0 },
      {},
      async (kit) => {
        const leave = new AbortController();
        const waiting = [1, 2].map(() => kit.call('wait_for_end', {}, { signal: leave.signal }));
        expect(await codeOf(kit, 'wait_for_end', {})).toBe('OVERLOADED');
        expect(await codeOf(kit, 'echo', { text: 'x' })).toBe('success');
        leave.abort();
        await Promise.all(waiting);
      },
      [WaitingTools, FixtureTools],
    ),
  callsWaitingPerTool: () =>
    withTools(
      { callsPerTool: 1, callsWaitingPerTool: 1 },
      {},
      async (kit) => {
        const leave = new AbortController();
        const waiting = [1, 2].map(() => kit.call('wait_for_end', {}, { signal: leave.signal }));
        await new Promise((next) => setImmediate(next));
        expect(await kit.held()).toMatchObject({ places: 1, waiting: 1 });
        expect(await codeOf(kit, 'wait_for_end', {})).toBe('OVERLOADED');
        leave.abort();
        await Promise.all(waiting);
      },
      [WaitingTools],
    ),
  outputBytes: async () => {
    // {"text":""} has 11 bytes.
    const echoed = (text: string): Promise<void> =>
      withTools(
        { outputBytes: 100 },
        {},
        async (kit) => expect(await codeOf(kit, 'echo', { text })).toBe(text.length > 89 ? 'LIMIT' : 'success'),
        [FixtureTools],
      );
    await echoed('x'.repeat(89));
    await echoed('x'.repeat(90));
  },
  sameFailures: () =>
    withTools(
      { sameFailures: 2 },
      {},
      async (kit) => {
        expect([await codeOf(kit, 'refuse', {}), await codeOf(kit, 'refuse', {})]).toEqual(['CONFLICT', 'CONFLICT']);
        expect(await codeOf(kit, 'refuse', {})).toBe('STUCK_LOOP');
      },
      [FixtureTools],
    ),
  concurrentCalls: () =>
    withTools(
      { concurrentCalls: 2 },
      {},
      async (kit) => {
        const leave = new AbortController();
        const waiting = [1, 2].map(() => kit.call('wait_for_end', {}, { signal: leave.signal }));
        expect(await codeOf(kit, 'echo', { text: 'x' })).toBe('OVERLOADED');
        leave.abort();
        expect((await Promise.all(waiting)).map((outcome) => outcome.kind === 'failure' && outcome.error.code)).toEqual(
          ['CANCELLED', 'CANCELLED'],
        );
        // A place is free when the work has ended, not when its caller is told.
        await kit.get(Admission).whenIdle();
        expect(await codeOf(kit, 'echo', { text: 'x' })).toBe('success');
      },
      [FixtureTools, WaitingTools],
    ),
  callDeadlineMs: () =>
    withTools(
      { callDeadlineMs: 30 },
      {},
      async (kit) => {
        expect(await kit.fail('wait_for_end')).toMatchObject({
          code: 'TIMEOUT',
          message: 'The call did not end within 30 ms.',
        });
      },
      [WaitingTools],
    ),
};
