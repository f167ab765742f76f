import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { callModern, modernRequest, openSession, post } from './support/mcp-messages.js';
import { PRODUCT, ServerProcess, TEST_SERVER } from './support/server-process.js';

const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'lifecycle-')));
const codeOf = ({ message }: Awaited<ReturnType<typeof callModern>>): unknown =>
  (message.result?.['_meta'] as Record<string, { code?: string }> | undefined)?.['mcp-software-engineer/error']?.code;

/** Processes that work in a folder, by /proc: a child of the server does, whoever its parent is by now. */
function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readlinkSync(`/proc/${name}/cwd`) === folder;
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe('SIGTERM during calls', () => {
  it('lets calls in flight finish, refuses new ones, and exits 0', async () => {
    const server = await ServerProcess.start({ workspace, mode: 'fixtures' });
    const running = Array.from({ length: 20 }, () => callModern(server.url, 'slow', { ms: 700 }));
    await callModern(server.url, 'echo', { text: 'all are in' });
    const exit = server.stop();
    const answers = await Promise.all(running);
    expect(answers.map(({ status, message }) => [status, message.result?.isError])).toEqual(
      Array.from({ length: 20 }, () => [200, undefined]),
    );
    expect(await exit).toBe(0);
  });

  it('ends the calls that do not finish in time with a clear error, and exits 0', async () => {
    const server = await ServerProcess.start({ workspace, mode: 'fixtures', env: { DRAIN_TIMEOUT_MS: '300' } });
    const running = callModern(server.url, 'slow', { ms: 1_900, deaf: true });
    await callModern(server.url, 'echo', { text: 'x' });
    const started = performance.now();
    const exit = server.stop();
    expect(codeOf(await running)).toBe('OVERLOADED');
    expect(await exit).toBe(0);
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it('tells the gateway at once, and goes on serving while it learns of it', async () => {
    const server = await ServerProcess.start({ workspace, mode: 'fixtures', env: { PRE_STOP_MS: '1500' } });
    const ready = server.url.replace('/mcp', '/health/ready');
    expect((await fetch(ready)).status).toBe(200);
    const exit = server.stop();
    for (let status = 200; status === 200;) status = (await fetch(ready)).status;
    expect((await fetch(ready)).status).toBe(503);
    expect((await fetch(ready.replace('ready', 'live'))).status).toBe(200);
    expect((await callModern(server.url, 'echo', { text: 'still' })).text).toContain('still');
    expect(await exit).toBe(0);
  });

  it('is not held up by open streams and idle connections', async () => {
    const server = await ServerProcess.start({ workspace, mode: 'fixtures' });
    const session = await openSession(server.url);
    const stream = await fetch(server.url, { headers: { ...session, accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    const started = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - started).toBeLessThan(8_000);
    await stream.text().catch(() => 'cut off');
  });

  it('gives way to a second signal', async () => {
    const server = await ServerProcess.start({ workspace, mode: 'fixtures' });
    const running = callModern(server.url, 'slow', { ms: 1_900, deaf: true }).catch(() => 'lost');
    await callModern(server.url, 'echo', { text: 'x' });
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    while (!server.log().some(({ msg }) => msg === 'draining')) await new Promise((next) => setTimeout(next, 5));
    server.child.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGTERM']);
    await running;
  });
});

describe('refusing to start', () => {
  const runToEnd = async (
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ code: number | null; err: string; out: string }> => {
    const child = spawn(process.execPath, [PRODUCT, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [err, out] = ['', ''];
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, err, out };
  };

  it('in production, and on any address but loopback, without authentication: exit 78', async () => {
    for (const [args, env] of [
      [[], { NODE_ENV: 'production' }],
      [['--host', '0.0.0.0'], {}],
    ] as const) {
      const { code, err } = await runToEnd([...args], env);
      expect([code, /authentication/.test(err)]).toEqual([78, true]);
    }
  });
  it('with settings that do not fit: exit 78 and every problem', async () => {
    const { code, err } = await runToEnd(['--port', 'x'], { LOG_LEVEL: 'loud' });
    expect([code, err.includes('PORT'), err.includes('LOG_LEVEL'), err.includes('loud')]).toEqual([
      78,
      true,
      true,
      false,
    ]);
  });
  it('on words it does not know: exit 64 with help', async () => {
    for (const args of [['dance'], ['--nope'], ['serve', 'x'], ['--stdio', '--http']]) {
      const { code, err } = await runToEnd(args);
      expect([code, err.includes('Usage:')]).toEqual([64, true]);
    }
  });
  it('on a port that is taken: exit 78', async () => {
    const server = await ServerProcess.start({ workspace });
    const { code, err } = await runToEnd(['--port', String(server.port)]);
    expect([code, err.includes('taken')]).toEqual([78, true]);
    await server.stop();
  });
  it('never on --help and --version', async () => {
    expect((await runToEnd(['--help'])).out).toContain('Usage: mcp-software-engineer');
    expect((await runToEnd(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('stdio', () => {
  it('ends within a second of the end of stdin, exits 0, and leaves no process', async () => {
    const child = spawn(process.execPath, [PRODUCT, '--stdio', '--workspace', workspace], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.resume();
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
    while (!out.includes('\n')) await once(child.stdout, 'data');
    child.stdin.write('this is no JSON\r\n');
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' })}\n`);
    while (!out.includes('"id":2')) await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    const witness = spawn('sleep', ['30'], { cwd: workspace });
    await once(witness, 'spawn');
    expect(processesIn(workspace)).toEqual([witness.pid]);
    const ended = once(witness, 'exit');
    witness.kill();
    await ended;
    const search = { name: 'search_text', arguments: { query: 'x' } };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: search })}\n`);
    const started = performance.now();
    child.stdin.end();
    expect(await exited).toEqual([0, null]);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(processesIn(workspace)).toEqual([]);
    for (const line of out.trim().split('\n')) expect((JSON.parse(line) as { jsonrpc: string }).jsonrpc).toBe('2.0');
  });
});

describe('stdout on stdio', () => {
  it('carries the protocol only, whatever a tool or a library prints', async () => {
    const child = spawn(process.execPath, [TEST_SERVER, 'fixtures', '--stdio', '--workspace', workspace], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const { message } = modernRequest('tools/call', { name: 'shout', arguments: {} });
    child.stdin.write(`${JSON.stringify(message)}\n`);
    while (!out.includes('\n')) await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    child.stdin.end();
    expect(await exited).toEqual([0, null]);
    const lines = out.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual([1]);
    expect(out).toContain('shouted');
    expect([err.includes('a line from a library'), err.includes('and one from a tool')]).toEqual([true, true]);
  });

  it('answers lines it cannot take, however long, and serves the next', async () => {
    const child = spawn(process.execPath, [PRODUCT, '--stdio', '--workspace', workspace], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stdin.write('this is no JSON\n[]\n');
    child.stdin.write(`${'x'.repeat(17 * 1024 * 1024)}\n`);
    child.stdin.write(`${JSON.stringify(modernRequest('tools/list', {}, { id: 9 }).message)}\n`);
    while (!out.includes('"id":9')) await once(child.stdout, 'data');
    const messages = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: unknown; error?: { code: number } });
    expect(messages.map(({ id, error }) => [id, error?.code])).toEqual([
      [null, -32700],
      [null, -32600],
      [null, -32600],
      [9, undefined],
    ]);
    const exited = once(child, 'exit');
    child.stdin.end();
    expect(await exited).toEqual([0, null]);
  });
});

describe('a legacy session', () => {
  it('survives many calls and is ended by DELETE', async () => {
    const server = await ServerProcess.start({ workspace, mode: 'fixtures' });
    const session = await openSession(server.url);
    for (let id = 1; id <= 50; id++) {
      const call = {
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'echo', arguments: { text: `n${id}` } },
      };
      expect((await post(server.url, JSON.stringify(call), session)).message.result).toMatchObject({
        structuredContent: { text: `n${id}` },
      });
    }
    expect((await fetch(server.url, { method: 'DELETE', headers: session })).status).toBe(200);
    await server.stop();
  });
});
