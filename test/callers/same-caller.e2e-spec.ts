import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { SignJWT } from 'jose';
import { PRODUCT, ServerProcess } from '../support/server-process.js';

const SECRET = randomBytes(32).toString('base64');
const ISSUER = 'https://issuer.example.com';
const AUDIENCE = 'https://mcp.example.com/mcp';
const LIMIT = 4;
const AUTH = {
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_SECRET: SECRET,
  AUDIT_STORE: 'log',
  RATE_LIMIT_MAX_REQUESTS: `${LIMIT}`,
  RATE_LIMIT_WINDOW_MS: '600000',
};

let folder: string;
let server: ServerProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'same-caller-'));
  server = await ServerProcess.start({ workspace: folder, env: AUTH });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A caller of its own for each way in: what one way has used up is not there for the next. */
const tokenOf = (subject: string): Promise<string> =>
  new SignJWT({ scope: 'core:read files:read' })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(Buffer.from(SECRET));

type Transport = Parameters<Client['connect']>[0];
const overHttp = (token: string): Transport =>
  new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
const overStdio = (token: string): Transport =>
  new StdioClientTransport({
    command: process.execPath,
    args: [PRODUCT, '--stdio', '--workspace', `ws=${folder}`],
    env: { ...AUTH, AUTH_TOKEN: token, PATH: process.env['PATH']!, DATA_DIR: `${folder}-data-of-stdio` },
    stderr: 'ignore',
  });

interface Seen {
  readonly tools: readonly string[];
  readonly subject: unknown;
  readonly write: string;
  readonly ends: readonly string[];
}

/** What a caller may do and how much of it, as he finds out. */
async function findOut(transport: Transport, mode: VersionNegotiationMode): Promise<Seen> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const end = async (name: string, args: Record<string, unknown>): Promise<string> => {
    try {
      const { isError, content } = await client.callTool({ name, arguments: args });
      return isError === true ? (content as { text: string }[])[0]!.text.split(':')[0]! : 'success';
    } catch (error) {
      // Over HTTP a missing scope is told before the call: what stands in its answer is the same word.
      return /FORBIDDEN|Insufficient scope/.test(String(error)) ? 'FORBIDDEN' : String(error);
    }
  };
  const write = await end('write_file', { path: 'x.txt', content: 'x', mode: 'create' });
  const info = await client.callTool({ name: 'workspace_info', arguments: {} });
  const ends: string[] = [];
  for (let call = 0; call < LIMIT + 2; call++) ends.push(await end('list_files', { path: '.' }));
  await client.close();
  const { principal } = info.structuredContent as { principal: { subject: string } };
  return { tools: tools.map(({ name }) => name), subject: principal.subject, write, ends };
}

describe('the same caller has the same scopes and limits', () => {
  const TOOLS = ['list_files', 'read_files', 'workspace_info'];
  it.each([
    ['over HTTP in the modern era', overHttp, { pin: '2026-07-28' }],
    ['over HTTP in the 2025 era', overHttp, 'legacy'],
    ['over stdio in the modern era', overStdio, { pin: '2026-07-28' }],
    ['over stdio in the 2025 era', overStdio, 'legacy'],
  ] as const)('%s', async (way, transport, mode) => {
    const subject = `caller ${way}`;
    const seen = await findOut(transport(await tokenOf(subject)), mode);
    expect(seen.tools.filter((name) => TOOLS.includes(name))).toEqual(TOOLS);
    expect(seen.tools).not.toContain('write_file');
    expect(seen.tools).not.toContain('edit_file');
    expect(seen).toMatchObject({
      subject,
      write: 'FORBIDDEN',
      ends: ['success', 'success', 'success', 'success', 'RATE_LIMITED', 'RATE_LIMITED'],
    });
  });

  it('nobody is let in over stdio by a token that is not good', async () => {
    const transport = overStdio('not.a.token');
    const client = new Client({ name: 'test', version: '1' });
    await expect(client.connect(transport)).rejects.toThrow();
  });
});
