import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALICE, FixtureTools, TestKit } from '@app/testing';
import { HotLane } from './hot-lane.js';

type Json = Record<string, unknown>;
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const INFO = 'io.modelcontextprotocol/clientInfo';

let kit: TestKit;
beforeAll(async () => {
  kit = await TestKit.start({ toolsetClasses: [FixtureTools] });
});
afterAll(() => kit.stop());

interface Changes {
  readonly meta?: Json;
  readonly params?: Json;
  readonly message?: Json;
  readonly headers?: Json;
  readonly tool?: string;
}

/** Whether the short lane takes a call, and what it answers. */
async function offer({ meta = {}, params = {}, message = {}, headers = {}, tool = 'echo' }: Changes = {}) {
  const out = new PassThrough();
  const answered = new Promise<Json>((done) => {
    const end = (body: string): void => done(JSON.parse(body) as Json);
    Object.assign(out, { writeHead: () => out, end, headersSent: false });
  });
  const taken = kit.get(HotLane).serve(
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool, ...headers },
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: tool,
        arguments: { text: 'x' },
        _meta: { [VERSION]: '2026-07-28', [CAPABILITIES]: {}, ...meta },
        ...params,
      },
      ...message,
    },
    out as unknown as ServerResponse,
    { principal: ALICE },
  );
  return { taken, answer: taken ? await answered : undefined };
}

describe('the short lane', () => {
  it('takes a plain call, counts it and answers it', async () => {
    const before = kit.get(HotLane).taken();
    const { taken, answer } = await offer();
    expect([taken, kit.get(HotLane).taken() - before]).toEqual([true, 1]);
    expect(answer).toMatchObject({ id: 1, result: { resultType: 'complete', structuredContent: { text: 'x' } } });
  });

  it.each<[string, Changes]>([
    ['capabilities a client declares', { meta: { [CAPABILITIES]: { elicitation: { form: {} }, roots: {} } } }],
    ['who the client is', { meta: { [INFO]: { name: 'c', version: '1', title: 'C' } } }],
    ['keys of others in _meta', { meta: { 'example.com/trace': { a: 1 } } }],
    ['text ids', { message: { id: 'abc' } }],
  ])('takes a call with %s', async (_name, changes) => {
    expect((await offer(changes)).taken).toBe(true);
  });

  it.each<[string, Changes]>([
    ['wants progress', { meta: { progressToken: 1 } }],
    ['wants log messages', { meta: { 'io.modelcontextprotocol/logLevel': 'info' } }],
    ['brings answers', { params: { inputResponses: {} } }],
    ['brings state', { params: { requestState: 'x' } }],
    ['has another protocol key', { meta: { 'io.modelcontextprotocol/related-task': 7 } }],
    ['declares a capability of a wrong shape', { meta: { [CAPABILITIES]: { elicitation: { form: 7 } } } }],
    ['declares an unknown capability', { meta: { [CAPABILITIES]: { telepathy: {} } } }],
    ['describes its client oddly', { meta: { [INFO]: { name: 'c', version: '1', icons: 'x' } } }],
    ['speaks another version', { meta: { [VERSION]: '2025-11-25' } }],
    ['names another tool in its header', { headers: { 'mcp-name': 'change' } }],
    ['names another method in its header', { headers: { 'mcp-method': 'tools/list' } }],
    ['has a fraction for an id', { message: { id: 1.5 } }],
    ['has a member of its own', { message: { extra: 1 } }],
    ['has a list for arguments', { params: { arguments: [] } }],
    ['is for a tool that asks its client', { tool: 'ask' }],
    ['is for a tool that does not exist', { tool: 'nope' }],
  ])('leaves a call to the SDK that %s', async (_name, changes) => {
    expect((await offer(changes)).taken).toBe(false);
  });
});
