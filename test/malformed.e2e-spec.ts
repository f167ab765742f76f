import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modernRequest, openSession, post } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ workspace: mkdtempSync(join(tmpdir(), 'malformed-')), mode: 'conformance' });
});
afterAll(() => server.stop());

const MALFORMED: [string, Record<string, unknown>][] = [
  ['tools/call', {}],
  ['tools/call', { name: 'greet', arguments: [1] }],
  ['tools/list', { cursor: 5 }],
  ['tools/list', { cursor: 'nonsense' }],
  ['prompts/list', { cursor: 'nonsense' }],
  ['prompts/get', {}],
  ['prompts/get', { name: 'test_simple_prompt', arguments: { arg: 7 } }],
  ['prompts/get', { name: 'test_prompt_with_arguments', arguments: { arg1: 'only one' } }],
  ['prompts/get', { name: 'no_such_prompt' }],
  ['resources/list', { cursor: 'nonsense' }],
  ['resources/templates/list', { cursor: 'nonsense' }],
  ['resources/read', {}],
  ['resources/read', { uri: 'test://nothing' }],
  ['completion/complete', {}],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'no_such_prompt' }, argument: { name: 'a', value: '' } }],
];

describe('a request that is wrong as a message', () => {
  it.each(MALFORMED)('%s %j is refused as such', async (method, params) => {
    const { body, headers } = modernRequest(method, params);
    expect((await post(server.url, body, headers)).message.error?.code).toBe(-32602);
  });

  it.each(MALFORMED)('%s %j is refused as such in a session', async (method, params) => {
    const headers = await openSession(server.url);
    const answer = await post(server.url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), headers);
    expect(answer.message.error?.code).toBe(-32602);
  });
});
