import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, callModern, modernRequest, openSession, post } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

type Json = Record<string, unknown>;

const TASKS = 'io.modelcontextprotocol/tasks';
const DECLARED = { capabilities: { elicitation: {}, extensions: { [TASKS]: {} } } };
const MISSING = { code: -32021, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } };
const UNKNOWN = '0'.repeat(32);

let server: ServerProcess;
const start = async (): Promise<void> => {
  const env = { DRAIN_TIMEOUT_MS: '200' };
  server = await ServerProcess.start({ workspace: mkdtempSync(join(tmpdir(), 'tasks-')), mode: 'conformance', env });
};

const ask = (
  method: string,
  params: Json,
  options: Parameters<typeof modernRequest>[2] = DECLARED,
): Promise<Answer> => {
  const { headers, body } = modernRequest(method, params, options);
  return post(server.url, body, headers);
};
const startTask = async (name: string, args: Json = {}): Promise<Json> =>
  (await callModern(server.url, name, args, DECLARED)).message.result!;
const taskAt = async (taskId: unknown): Promise<Json> => (await ask('tasks/get', { taskId })).message.result!;
const settled = async (taskId: unknown): Promise<Json> => {
  for (;;) {
    const task = await taskAt(taskId);
    if (task['status'] !== 'working') return task;
  }
};

describe('tasks over HTTP', () => {
  beforeAll(start);
  afterAll(() => server.stop());

  it('are a receipt first, and the result where the task is asked for', async () => {
    const receipt = await startTask('slow_compute', { seconds: 0, label: 'it' });
    expect(receipt).toMatchObject({ resultType: 'task', status: 'working', ttlMs: 900_000, pollIntervalMs: 500 });
    expect(receipt).not.toHaveProperty('content');
    expect(await settled(receipt['taskId'])).toMatchObject({
      resultType: 'complete',
      status: 'completed',
      result: { resultType: 'complete', content: [{ type: 'text', text: 'it took 0 s' }] },
    });
  });

  it('report arguments that do not fit as the tool would', async () => {
    const { taskId } = await startTask('slow_compute', { seconds: -1 });
    expect(await settled(taskId)).toMatchObject({ status: 'completed', result: { isError: true } });
  });

  it.each(['tasks/get', 'tasks/update', 'tasks/cancel'])('%s is for clients that declare them', async (method) => {
    const { status, message } = await ask(method, { taskId: UNKNOWN, inputResponses: {} }, {});
    expect([status, message.error]).toMatchObject([400, MISSING]);
  });

  it.each<[string, Json]>([
    ['tasks/get', { taskId: UNKNOWN }],
    ['tasks/update', { taskId: UNKNOWN, inputResponses: {} }],
    ['tasks/cancel', { taskId: UNKNOWN }],
    ['tasks/get', {}],
    ['tasks/get', { taskId: 7 }],
    ['tasks/get', { taskId: 'x'.repeat(200) }],
  ])('%s refuses %j', async (method, params) => {
    expect((await ask(method, params)).message.error?.code).toBe(-32602);
  });

  it('are not updated with nothing', async () => {
    const { taskId } = await startTask('confirm_delete', { filename: 'a' });
    expect((await ask('tasks/update', { taskId })).message.error?.code).toBe(-32602);
    await ask('tasks/cancel', { taskId });
  });

  it.each(['tasks/list', 'tasks/result'])('%s does not exist', async (method) => {
    const { status, message } = await ask(method, { taskId: UNKNOWN });
    expect([status, message.error?.code]).toEqual([404, -32601]);
  });

  it('do not exist in sessions, whatever the client declares', async () => {
    const headers = await openSession(server.url, DECLARED.capabilities);
    const send = (method: string, params: Json) =>
      post(server.url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), headers);
    expect((await send('tasks/get', { taskId: UNKNOWN })).message.error?.code).toBe(-32601);
    expect((await send('tools/call', { name: 'failing_job', arguments: {} })).message.error).toMatchObject(MISSING);
    const { message } = await send('tools/call', { name: 'slow_compute', arguments: { seconds: 0 } });
    expect(message.result).toMatchObject({ content: [{ type: 'text' }] });
  });

  it('do not leave a place to a client that has too many', async () => {
    let answer: Json = {};
    for (let started = 0; started <= 100 && answer['isError'] === undefined; started++)
      answer = await startTask('protocol_error_job');
    expect(answer).toMatchObject({
      resultType: 'complete',
      isError: true,
      _meta: {
        'mcp-software-engineer/error': { code: 'RATE_LIMITED', retryable: true, retry_after_ms: expect.any(Number) },
      },
    });
  });
});

describe('a server that is told to stop', () => {
  it('ends the tasks that run and the one that waits for an answer', async () => {
    await start();
    await startTask('slow_compute', { seconds: 300 });
    await startTask('confirm_delete', { filename: 'a' });
    const before = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
