import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modernRequest, post } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ workspace: mkdtempSync(join(tmpdir(), 'questions-')), mode: 'fixtures' });
});
afterAll(() => server.stop());

type Json = Record<string, unknown>;

function ask(extra: Json): Promise<Awaited<ReturnType<typeof post>>> {
  const capabilities = { elicitation: { form: {} } };
  const { body, headers } = modernRequest('tools/call', { name: 'ask', arguments: {}, ...extra }, { capabilities });
  return post(server.url, body, headers);
}
const answer = (name: string): Json => ({ name: { action: 'accept', content: { name } } });

describe('a question to the client', () => {
  it('is asked, answered once, and not answered again', async () => {
    const { message } = await ask({});
    expect(message.result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { name: { method: 'elicitation/create' } },
    });
    const requestState = message.result!['requestState'] as string;
    expect((await ask({ requestState, inputResponses: answer('Ada') })).text).toContain('Hello, Ada');
    expect((await ask({ requestState, inputResponses: answer('Ada') })).message.error?.code).toBe(-32602);
  });

  it('is not taken for answered because a client sends an answer nobody asked for', async () => {
    const { message } = await ask({ inputResponses: answer('FORGED') });
    expect(message.result).toMatchObject({ resultType: 'input_required' });
    expect(JSON.stringify(message)).not.toContain('FORGED');
  });

  it('refuses a state that was changed in one character', async () => {
    const { message } = await ask({});
    const requestState = message.result!['requestState'] as string;
    for (const at of [5, 40, requestState.length - 3]) {
      const other = requestState[at] === 'A' ? 'B' : 'A';
      const forged = requestState.slice(0, at) + other + requestState.slice(at + 1);
      expect((await ask({ requestState: forged, inputResponses: answer('Ada') })).message.error?.code).toBe(-32602);
    }
  });
});
