import { createHmac, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestIssuer } from '@app/testing';
import { modernRequest, post, type Answer } from '../support/mcp-messages.js';
import { InProcessServer } from '../security/in-process-server.js';
import { CallerTools } from '../wcgw/callers.toolset.js';

const RESOURCE = 'https://mcp.example.com/mcp';
let issuer: TestIssuer;
let server: InProcessServer;
beforeAll(async () => {
  issuer = await TestIssuer.start(RESOURCE);
  server = await InProcessServer.start({
    workspace: import.meta.dirname,
    toolsetClasses: [CallerTools],
    auth: { issuer: issuer.url, jwksUrl: issuer.jwksUrl, audience: [RESOURCE], resource: RESOURCE, trustedProxies: [] },
    limits: { unauthenticatedPerMinute: 65_535 },
    throttle: { maxRequests: 5 },
  });
});
afterAll(async () => {
  await server.stop();
  await issuer.stop();
});

const call = (headers: Record<string, string>, name = 'read_own', url = server.url): Promise<Answer> => {
  const message = modernRequest('tools/call', { name, arguments: { key: 'a' } });
  return post(url, message.body, { ...message.headers, ...headers });
};
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const runs = (): number => server.probe.get(CallerTools).runs.length;
const refusals = (): number => server.log().filter(({ operation }) => operation === 'authenticate').length;
const codeOf = ({ status, message }: Answer): unknown =>
  status === 200
    ? ((message.result!['_meta'] as Record<string, { code?: string }>)['mcp-software-engineer/error']?.code ??
      'success')
    : status;

describe('J: who shows something that proves nobody', () => {
  const CASES: readonly (readonly [string, () => Promise<Record<string, string>> | Record<string, string>])[] = [
    ['nothing', () => ({})],
    ['a scheme without a token', () => ({ authorization: 'Bearer' })],
    ['basic', () => ({ authorization: 'Basic YWxpY2U6eA==' })],
    ['a token of another scheme', async () => ({ authorization: `Token ${await issuer.sign()}` })],
    ['two spaces', async () => ({ authorization: `Bearer  ${await issuer.sign()}` })],
    ['a token in a cookie', async () => ({ cookie: `access_token=${await issuer.sign()}` })],
    ['a token in another header', async () => ({ 'x-access-token': await issuer.sign() })],
    ['no algorithm', () => bearer(unsigned('none'))],
    ['the public key as a secret', async () => bearer(hs256(await issuer.publicKey()))],
    ['an empty secret', () => bearer(hs256(''))],
    ['another audience', async () => bearer(await issuer.sign({ aud: 'https://other.example.com/mcp' }))],
    ['another issuer', async () => bearer(await issuer.sign({ iss: 'https://evil.example.com' }))],
    ['an old token', async () => bearer(await issuer.sign({ exp: 1_000 }))],
    ['no subject', async () => bearer(await issuer.sign({ sub: undefined }))],
    ['an object for a subject', async () => bearer(await issuer.sign({ sub: { $ne: 1 } }))],
    ['a key of its own', async () => bearer(await issuer.sign({}, { header: { jwk: { kty: 'oct', k: 'AA' } } }))],
    ['an extension', async () => bearer(await issuer.sign({}, { header: { typ: 'JWE' } }))],
    ['a key that is not published', async () => bearer(await issuer.sign({}, { header: { kid: '../../dev/null' } }))],
    ['an API key where none are accepted', () => bearer(`mse_${'a'.repeat(16)}_${'b'.repeat(43)}`)],
    ['garbage', () => bearer(randomBytes(300).toString('base64url'))],
  ];

  it('is told the same by 401 whatever it was, nothing runs, and each is recorded once', async () => {
    const bodies = new Set<string>();
    const [ranBefore, recordedBefore] = [runs(), refusals()];
    for (const [what, headers] of CASES) {
      const answer = await call(await headers());
      expect([what, answer.status]).toEqual([what, 401]);
      expect(answer.headers.get('www-authenticate')).toContain('resource_metadata="');
      bodies.add(answer.text);
    }
    expect(bodies.size).toBe(1);
    expect(runs()).toBe(ranBefore);
    expect(refusals() - recordedBefore).toBe(CASES.length);
  });

  it('a token in the address or in the body is none', async () => {
    const token = await issuer.sign();
    const { status } = await call({}, 'read_own', `${server.url}?access_token=${token}`);
    expect(status).toBe(401);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {}, access_token: token });
    expect((await post(server.url, body, { 'content-type': 'application/json' })).status).toBe(401);
  });

  it('two Authorization headers are refused, whichever is good', async () => {
    const token = await issuer.sign();
    for (const pair of [
      [`Bearer ${token}`, 'Bearer x'],
      ['Bearer x', `Bearer ${token}`],
    ])
      expect(await statusOfRaw(pair.flatMap((value) => ['Authorization', value]))).toBe(400);
  });

  it('floods of them are summed up', async () => {
    const before = refusals();
    for (let batch = 0; batch < 8; batch++)
      await Promise.all(Array.from({ length: 50 }, () => call(bearer(randomBytes(20).toString('hex')))));
    expect(refusals() - before).toBeLessThan(200);
  });

  it('a good token still passes after all that', async () => {
    expect(codeOf(await call(bearer(await issuer.sign({ sub: 'after all', scope: 'callers:read' }))))).toBe('success');
  });
});

describe('R: who wants more than his limit', () => {
  it('gets it by no header, no new token, no new connection, no session and no spelling of the path', async () => {
    const sub = 'greedy';
    const ends: unknown[] = [];
    for (let each = 0; each < 12; each++) {
      const token = await issuer.sign({ sub, scope: 'callers:read', jti: `t${each}` });
      const tricks = {
        'x-forwarded-for': `192.0.2.${each}`,
        'x-real-ip': `192.0.2.${each}`,
        forwarded: `for=192.0.2.${each}`,
        'cf-connecting-ip': `192.0.2.${each}`,
        'true-client-ip': `192.0.2.${each}`,
        connection: 'close',
      };
      ends.push(
        codeOf(await call({ ...bearer(token), ...tricks }, 'read_own', `${server.url}${each % 2 ? `?x=${each}` : ''}`)),
      );
    }
    expect(ends.filter((end) => end === 'success')).toHaveLength(5);
    expect(ends.filter((end) => end === 'RATE_LIMITED')).toHaveLength(7);
  });

  it('by other spellings of a name reaches no tool', async () => {
    const token = await issuer.sign({ sub: 'speller', scope: 'callers:read' });
    for (const name of ['Read_Own', 'read_own ', 'READ_OWN', 'read_own\u200b']) {
      const { headers, body } = modernRequest('tools/call', { name, arguments: { key: 'a' } });
      const { message, status } = await post(server.url, body, {
        ...headers,
        ...bearer(token),
        'mcp-name': /^[\x21-\x7e]+$/.test(name) ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`,
      });
      expect([name, status === 200 ? message.error?.code : 'refused']).toEqual([name, expect.anything()]);
      expect(message.result).toBeUndefined();
    }
  });

  it('by other spellings of the path reaches nothing', async () => {
    const token = await issuer.sign({ sub: 'walker', scope: 'callers:read' });
    for (const path of ['/MCP', '/mcp/', '//mcp', '/mcp/.', '/%6dcp']) {
      const answer = await call(bearer(token), 'read_own', server.url.replace('/mcp', path));
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});

describe('T: what belongs to somebody else does not exist', () => {
  const asLegacy = (token: string, session?: string): Record<string, string> => ({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...bearer(token),
    ...(session !== undefined && { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
  });

  it('a session, by any method', async () => {
    const [alice, bob] = [await issuer.sign({ sub: 'alice' }), await issuer.sign({ sub: 'bob' })];
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    const opened = await post(
      server.url,
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
      asLegacy(alice),
    );
    const session = opened.headers.get('mcp-session-id')!;
    const statusOf = async (method: string, token: string, id: string): Promise<number> => {
      const body = method === 'POST' ? JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' }) : undefined;
      const response = await fetch(server.url, { method, headers: asLegacy(token, id), ...(body && { body }) });
      await response.body?.cancel();
      return response.status;
    };
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect([method, await statusOf(method, bob, session)]).toEqual([method, 404]);
      expect([method, await statusOf(method, bob, 'unknown')]).toEqual([method, 404]);
    }
    expect(await statusOf('POST', alice, session)).toBe(200);
    // Without a token the session is worth nothing, for it proves nobody.
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { ...asLegacy('x', session), authorization: '' },
      body: '{}',
    });
    expect(response.status).toBe(401);
  });
});

describe('O: names of callers do no harm', () => {
  it('in logs and metrics, however they are spelt', async () => {
    const sub = 'a"}\\{b,c="d" \u202e<script>';
    const token = await issuer.sign({ sub, scope: 'callers:read' });
    expect(codeOf(await call(bearer(token)))).toBe('success');
    expect(server.log().some((line) => line['subject'] === sub)).toBe(true);
    const metrics = await (await fetch(server.url.replace(/\/mcp$/, '/metrics'))).text();
    expect(metrics).not.toContain('<script>');
    const samples = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of samples) expect(line).toMatch(/^[a-zA-Z_:][\w:]*(\{.*\})? [-+.\deINFNa]+$/);
  });
});

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (alg: string): string => `${base64({ alg, typ: 'JWT' })}.${base64(issuer.claims())}.`;
function hs256(secret: string): string {
  const text = `${base64({ alg: 'HS256', typ: 'JWT', kid: issuer.kid() })}.${base64(issuer.claims())}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function statusOfRaw(headers: string[]): Promise<number | undefined> {
  return new Promise((done, failed) => {
    const { port } = new URL(server.url);
    const req = request(
      {
        host: '127.0.0.1',
        port,
        path: '/mcp',
        method: 'POST',
        headers: ['Host', `127.0.0.1:${port}`, ...headers] as never,
      },
      (res) => {
        res.resume();
        done(res.statusCode);
      },
    );
    req.on('error', failed);
    req.end('{}');
  });
}
