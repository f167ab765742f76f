import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callModern, modernRequest, openSession, post } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'edge-')));
let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ workspace, mode: 'fixtures' });
});
afterAll(() => server.stop());
/** Whatever was sent: the server answers the next caller, and nothing was written. */
afterEach(async () => {
  expect((await callModern(server.url, 'echo', { text: 'alive' })).text).toContain('alive');
  expect(readdirSync(workspace)).toEqual([]);
});

/** One request written byte by byte as given. @returns status line and rest. */
function raw(text: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', failed).on('close', () => done(answer));
    socket.setTimeout(2_000, () => socket.destroy());
  });
}
const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

function rawCall({
  extra = '',
  host = `127.0.0.1:${server.port}`,
  target = '/mcp',
  method = 'POST',
} = {}): Promise<string> {
  const { headers, body } = modernRequest('tools/call', { name: 'change', arguments: { key: 'x' } });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const hostLine = host === '' ? '' : `Host: ${host}\r\n`;
  return raw(
    `${method} ${target} HTTP/1.1\r\n${hostLine}${lines.join('')}${extra}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
/** How often a changing tool ran: no refused request may move it. */
const changes = async (): Promise<number> => {
  const { message } = await callModern(server.url, 'list_effects');
  return (message.result!['structuredContent'] as { effects: string[] }).effects.length;
};

describe('Host', () => {
  it.each(['evil.test', 'evil.test:80', '127.0.0.1.evil.test', 'localhost.evil.test'])(
    'refuses the foreign host %s',
    async (host) => {
      const before = await changes();
      expect(statusOf(await rawCall({ host }))).toBe(403);
      expect(await changes()).toBe(before);
    },
  );
  it.each(['evil.test@localhost', 'localhost/evil', 'local host', ''])(
    'refuses the malformed host %j',
    async (host) => {
      expect(statusOf(await rawCall({ host }))).toBe(400);
    },
  );
  it('refuses two Host headers and an absolute target', async () => {
    expect(statusOf(await rawCall({ extra: 'Host: evil.test\r\n' }))).toBe(400);
    expect(statusOf(await rawCall({ target: 'http://evil.test/mcp' }))).toBe(400);
  });
  it.each(['localhost', 'LOCALHOST', '[::1]', '127.0.0.1'])('serves the loopback host %s', async (host) => {
    expect(statusOf(await rawCall({ host }))).toBe(200);
  });
});

describe('Origin', () => {
  it.each([
    'http://evil.test',
    'null',
    'http://localhost.evil.test',
    'http://evil.test#localhost',
    'https://localhost:1',
    'file://',
    '',
  ])('refuses %j', async (origin) => {
    const before = await changes();
    expect(statusOf(await rawCall({ extra: `Origin: ${origin}\r\n` }))).toBe(403);
    expect(await changes()).toBe(before);
  });
  it('refuses two Origin headers', async () => {
    const own = `Origin: http://localhost:${server.port}\r\n`;
    expect(statusOf(await rawCall({ extra: own + own }))).toBe(400);
  });
  it('serves its own origin, and clients without one', async () => {
    expect(statusOf(await rawCall({ extra: `Origin: http://localhost:${server.port}\r\n` }))).toBe(200);
    expect(statusOf(await rawCall())).toBe(200);
  });
});

describe('method, path and type', () => {
  it.each(['PUT', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE'])('answers 405 to %s', async (method) => {
    expect(statusOf(await rawCall({ method }))).toBe(405);
  });
  it.each(['GET', 'DELETE'])('answers 405 to a modern %s', async (method) => {
    expect(statusOf(await rawCall({ method }))).toBe(405);
  });
  it.each(['/MCP', '/mcp/', '/', '/mcp/x'])('does not know the path %s', async (target) => {
    expect(statusOf(await rawCall({ target }))).toBe(404);
  });
  it.each([
    undefined,
    'text/plain',
    'application/json-patch+json',
    'multipart/form-data',
    'application/jsonp',
    'application/json; charset=utf-16',
  ])('answers 415 to the content type %s', async (type) => {
    const { headers, body } = modernRequest('tools/call', { name: 'change', arguments: { key: 'x' } });
    const { 'content-type': _dropped, ...rest } = headers;
    const before = await changes();
    const answer = await post(
      server.url,
      Buffer.from(body),
      type === undefined ? rest : { ...rest, 'content-type': type },
    );
    expect(answer.status).toBe(415);
    expect(await changes()).toBe(before);
  });
  it('takes UTF-8 by name, in any case', async () => {
    const { headers, body } = modernRequest('tools/call', { name: 'echo', arguments: { text: 'x' } });
    const answer = await post(server.url, body, { ...headers, 'content-type': 'Application/JSON; charset="UTF-8"' });
    expect(answer.status).toBe(200);
  });
  it('answers 415 to a compressed body', async () => {
    expect(statusOf(await rawCall({ extra: 'Content-Encoding: gzip\r\n' }))).toBe(415);
  });
  it('answers 431 to too many or too long headers', async () => {
    expect(statusOf(await rawCall({ extra: Array.from({ length: 120 }, (_, i) => `X-${i}: 1\r\n`).join('') }))).toBe(
      431,
    );
    expect(statusOf(await rawCall({ extra: `X-Long: ${'x'.repeat(17_000)}\r\n` }))).toBe(431);
  });
});

describe('the body', () => {
  const send = (body: string | Buffer) =>
    post(server.url, body, modernRequest('tools/call', { name: 'change' }).headers);
  const change = (inner: string): string =>
    modernRequest('tools/call', { name: 'change', arguments: { key: 'MARK' } }).body.replace('"MARK"', inner);

  it.each([
    ['an open brace', '{'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
    ['a comment', '{/**/}'],
    ['two documents', '{}{}'],
    ['NaN', '{"a":NaN}'],
  ])('answers -32700 to %s', async (_name, body) => {
    const answer = await send(body);
    expect([answer.status, answer.message.error?.code]).toEqual([400, -32700]);
  });
  it.each([
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"x"'],
    ['an empty batch', '[]'],
    ['a batch', `[${modernRequest('tools/call', { name: 'change', arguments: { key: 'x' } }).body}]`],
    ['an empty object', '{}'],
    ['a member named twice', '{"jsonrpc":"2.0","method":"ping","method":"tools/call","id":1}'],
  ])('answers -32600 to %s', async (_name, body) => {
    const before = await changes();
    const answer = await send(body);
    expect([answer.status, answer.message.error?.code]).toEqual([400, -32600]);
    expect(await changes()).toBe(before);
  });
  it('answers -32700 to bytes that are not UTF-8', async () => {
    const answer = await send(Buffer.from(change('"\xff"'), 'latin1'));
    expect([answer.status, answer.message.error?.code]).toEqual([400, -32700]);
  });
  it('refuses 200,000 levels, 65 levels and 10,001 values, and takes 10 levels', async () => {
    for (const inner of [
      '['.repeat(200_000) + ']'.repeat(200_000),
      '['.repeat(65) + ']'.repeat(65),
      `[${'1,'.repeat(10_000)}1]`,
    ])
      expect((await send(change(inner))).status).toBe(400);
    const answer = await send(change('['.repeat(10) + ']'.repeat(10)));
    expect([answer.status, answer.text.includes('INVALID_ARGUMENT')]).toEqual([200, true]);
  });
  it('takes 5 MiB, refuses more than 8 MiB with 413, by length and by stream', async () => {
    const big = await send(change(`"${'x'.repeat(5 * 1024 * 1024)}"`));
    expect([big.status, big.text.includes('INVALID_ARGUMENT')]).toEqual([200, true]);
    const tooBig = change(`"${'x'.repeat(8 * 1024 * 1024)}"`);
    expect(await statusOfStream(tooBig, true)).toBe(413);
    expect(await statusOfStream(tooBig, false)).toBe(413);
  });
  it('refuses arguments with prototype names, wrong types and unknown keys, and executes none', async () => {
    const before = await changes();
    for (const key of ['"__proto__":{"a":1}', '"constructor":1', '"then":1', '"kee":"x"'])
      expect((await send(change(`"x",${key}`))).text).toContain('INVALID_ARGUMENT');
    expect((await send(change('7'))).text).toContain('INVALID_ARGUMENT');
    expect((await send(change('"\\ud800x"'))).text).toContain('INVALID_ARGUMENT');
    expect(await changes()).toBe(before);
  });
});

/** The status of a POST whose body is sent with its length, or chunked without one. */
function statusOfStream(body: string, withLength: boolean): Promise<number> {
  const { headers } = modernRequest('tools/call', { name: 'change' });
  return new Promise((done, failed) => {
    const req = request(server.url, {
      method: 'POST',
      headers: withLength ? { ...headers, 'content-length': Buffer.byteLength(body) } : headers,
    });
    req.on('response', (res) => (res.resume(), done(res.statusCode!)));
    req.on('error', failed);
    req.end(body);
  });
}

describe('the protocol', () => {
  it('answers -32602 to an unknown tool', async () => {
    const answer = await callModern(server.url, 'no_such_tool');
    expect(answer.message.error).toMatchObject({ code: -32602, message: 'Unknown tool: "no_such_tool"' });
  });
  it.each(['mcp-method', 'mcp-name', 'mcp-protocol-version'])(
    'answers -32020 when %s is missing or says something else',
    async (header) => {
      const { headers, body } = modernRequest('tools/call', { name: 'change', arguments: { key: 'x' } });
      const before = await changes();
      const { [header]: _dropped, ...without } = headers;
      for (const tried of [
        without,
        { ...headers, [header]: header === 'mcp-protocol-version' ? '2025-11-25' : 'read_files' },
      ]) {
        const answer = await post(server.url, body, tried);
        expect([answer.status, answer.message.error?.code]).toEqual([400, -32020]);
      }
      expect(await changes()).toBe(before);
    },
  );
  it('answers 404 and -32601 to an unknown method', async () => {
    const { headers, body } = modernRequest('tools/destroy');
    const answer = await post(server.url, body, headers);
    expect([answer.status, answer.message.error?.code]).toEqual([404, -32601]);
  });
  it('binds legacy calls to a session that exists', async () => {
    const session = await openSession(server.url);
    const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect((await post(server.url, list, session)).status).toBe(200);
    const { 'mcp-session-id': _id, ...without } = session;
    expect((await post(server.url, list, without)).status).toBe(400);
    for (const id of [crypto.randomUUID(), '../x', 'x'.repeat(8_000)])
      expect((await post(server.url, list, { ...session, 'mcp-session-id': id })).status).toBe(404);
    expect((await fetch(server.url, { method: 'DELETE', headers: session })).status).toBe(200);
    expect((await post(server.url, list, session)).status).toBe(404);
  });
  it('does not let a client choose its session', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': 'chosen',
    };
    const opened = await post(
      server.url,
      JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
      headers,
    );
    expect(opened.headers.get('mcp-session-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
