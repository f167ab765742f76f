import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modernRequest, openSession, post } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ workspace: mkdtempSync(join(tmpdir(), 'lanes-')), mode: 'fixtures' });
});
afterAll(() => server.stop());

type Json = Record<string, unknown>;

/** A result without what must differ between two calls: the call's id, and how much the server says of itself. */
function comparable(message: Json): Json {
  const text = JSON.stringify(message, (key, value: unknown) =>
    key === 'mcp-software-engineer/call_id' || key === 'call_id'
      ? 'ID'
      : key === 'io.modelcontextprotocol/serverInfo'
        ? 'SERVER'
        : value,
  );
  return JSON.parse(text) as Json;
}

/** The same call on the short lane, and on the SDK's lane, which takes every call that asks for progress. */
async function bothLanes(name: string, args: unknown): Promise<[Json, Json]> {
  const plain = modernRequest('tools/call', { name, arguments: args });
  const unplain = modernRequest('tools/call', { name, arguments: args, _meta: { progressToken: 'p' } });
  const [hot, sdk] = await Promise.all([
    post(server.url, plain.body, plain.headers),
    post(server.url, unplain.body, unplain.headers),
  ]);
  expect(hot.status).toBe(sdk.status);
  return [comparable(hot.message as Json), comparable(sdk.message as Json)];
}

describe('the two lanes of a modern call', () => {
  it.each<[string, unknown]>([
    ['echo', { text: 'plain' }],
    ['echo', { text: 'quotes " and \\ and \n and \u2028 and \u009b and 😀' }],
    ['echo', { text: '' }],
    ['echo', { txt: 'unknown key' }],
    ['echo', { text: 7 }],
    ['echo', {}],
    ['echo', undefined],
    ['refuse', {}],
    ['break_down', {}],
    ['lie', {}],
    ['change', { key: 'a' }],
    ['no_such_tool', {}],
  ])('give the same answer to %s %j', async (name, args) => {
    const [hot, sdk] = await bothLanes(name, args);
    expect(hot).toEqual(sdk);
    expect(hot['result'] ?? hot['error']).toBeDefined();
  });

  it('say who the server is', async () => {
    const { body, headers } = modernRequest('tools/call', { name: 'echo', arguments: { text: 'x' } });
    const { message } = await post(server.url, body, headers);
    expect((message.result!['_meta'] as Json)['io.modelcontextprotocol/serverInfo']).toMatchObject({
      name: 'mcp-software-engineer',
    });
  });

  it('send nothing that a terminal acts on as text', async () => {
    const { body, headers } = modernRequest('tools/call', { name: 'echo', arguments: { text: '\u001b[2J\u009b31m' } });
    const { message } = await post(server.url, body, headers);
    const [{ text }] = message.result!['content'] as [{ text: string }];
    // oxlint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(JSON.parse(text)).toEqual({ text: '\u001b[2J\u009b31m' });
    expect(message.result!['structuredContent']).toEqual({ text: '\u001b[2J\u009b31m' });
  });

  it('report progress on the stream of the call that asked for it, strictly increasing', async () => {
    const { body, headers } = modernRequest('tools/call', {
      name: 'count',
      arguments: {},
      _meta: { progressToken: 'p' },
    });
    const { text, headers: answered } = await post(server.url, body, headers);
    expect(answered.get('content-type')).toContain('text/event-stream');
    expect(answered.get('x-accel-buffering')).toBe('no');
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!) as Json);
    expect(events.map(({ params }) => (params as Json | undefined)?.['progress'])).toEqual([1, 2, 3, undefined]);
    expect(events.slice(0, 3).every(({ params }) => (params as Json)['progressToken'] === 'p')).toBe(true);
  });

  it('cancel a modern call when its client leaves', async () => {
    const { body, headers } = modernRequest('tools/call', { name: 'slow', arguments: { ms: 1_500 } });
    const leaving = new AbortController();
    const call = fetch(server.url, { method: 'POST', body, headers, signal: leaving.signal });
    const started = modernRequest('tools/call', { name: 'echo', arguments: { text: 'x' } });
    await post(server.url, started.body, started.headers);
    leaving.abort();
    await expect(call).rejects.toThrow();
    await until(() =>
      server
        .log()
        .some(({ msg, operation, decision }) => msg === 'audit' && operation === 'slow' && decision === 'CANCELLED'),
    );
  });

  it('do not take a legacy disconnect for a cancellation', async () => {
    const session = await openSession(server.url);
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 9,
      method: 'tools/call',
      params: { name: 'slow', arguments: { ms: 400 } },
    });
    const leaving = new AbortController();
    const call = fetch(server.url, { method: 'POST', body, headers: session, signal: leaving.signal });
    await call;
    leaving.abort();
    await until(() =>
      server
        .log()
        .some(({ msg, operation, decision }) => msg === 'audit' && operation === 'slow' && decision === 'success'),
    );
  });

  it('cancel a legacy call by notification, which is then never answered', async () => {
    const session = await openSession(server.url);
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 10,
      method: 'tools/call',
      params: { name: 'slow', arguments: { ms: 1_900 } },
    });
    const response = await fetch(server.url, { method: 'POST', body, headers: session });
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 10 } };
    const before = server.log().filter(({ decision }) => decision === 'CANCELLED').length;
    expect((await post(server.url, JSON.stringify(cancel), session)).status).toBe(202);
    await until(() => server.log().filter(({ decision }) => decision === 'CANCELLED').length > before);
    await response.body?.cancel();
  });
});

/** Polls until a condition holds; the test's own time limit bounds it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setTimeout(next, 10));
}
