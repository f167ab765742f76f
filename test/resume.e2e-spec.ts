import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSession } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ workspace: mkdtempSync(join(tmpdir(), 'resume-')), mode: 'conformance' });
});
afterAll(() => server.stop());

const CALL = {
  jsonrpc: '2.0',
  id: 5,
  method: 'tools/call',
  params: { name: 'slow_compute', arguments: { seconds: 0.3 } },
};

/** Starts a call and leaves after the first event. @returns that event. */
async function callAndLeave(headers: Record<string, string>): Promise<string> {
  const leave = new AbortController();
  const response = await fetch(server.url, {
    method: 'POST',
    headers,
    body: JSON.stringify(CALL),
    signal: leave.signal,
  });
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes('\n\n')) break;
  }
  leave.abort();
  return text;
}

const resume = (headers: Record<string, string>, lastEventId: string): Promise<Response> =>
  fetch(server.url, { headers: { ...headers, accept: 'text/event-stream', 'last-event-id': lastEventId } });

describe('a session whose connection broke', () => {
  it('gets the answer to the call that went on without it', async () => {
    const headers = await openSession(server.url);
    const first = await callAndLeave(headers);
    expect(first).toMatch(/^id: \S+\nretry: \d+\ndata: \n\n/);
    const id = /^id: (\S+)/.exec(first)![1]!;
    let response = await resume(headers, id);
    // Until the server has seen that the first connection is gone, the stream is taken.
    while (response.status === 409) response = await resume(headers, id);
    const data = /^data: (.+)$/m.exec(await response.text())![1]!;
    expect(JSON.parse(data)).toMatchObject({ id: 5, result: { content: [{ type: 'text', text: 'It took 0.3 s' }] } });
  });

  it('gets nothing of another session', async () => {
    const headers = await openSession(server.url);
    const id = /^id: (\S+)/.exec(await callAndLeave(headers))![1]!;
    const response = await resume(await openSession(server.url), id);
    expect(await response.text()).not.toContain('It took');
  });

  it('is told when it asks for something that cannot be', async () => {
    const response = await resume(await openSession(server.url), 'nonsense');
    expect(response.status).toBe(400);
  });
});
