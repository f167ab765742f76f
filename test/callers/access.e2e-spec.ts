import { afterEach, describe, expect, it } from '@jest/globals';
import { parsePolicy } from '@app/config';
import { faults, injected } from '@app/testing';
import { modernRequest, post, type Answer } from '../support/mcp-messages.js';
import { CallerTools } from '../wcgw/callers.toolset.js';
import { StagedServer } from '../wcgw/staged-server.js';
import { StagedTools } from '../wcgw/staged.toolset.js';
import { AUTHENTICATED, knowCallers } from './known-callers.js';

let server: StagedServer;
afterEach(() => server.stop());

async function start(options: Parameters<typeof StagedServer.start>[0] = {}): Promise<void> {
  server = await StagedServer.start({ auth: AUTHENTICATED, ...options }, [CallerTools, StagedTools]);
  knowCallers(server);
}

interface From {
  readonly token?: string;
  readonly address?: string;
}

function ask({ token, address }: From, method: string, params: Record<string, unknown> = {}): Promise<Answer> {
  const { headers, body } = modernRequest(method, params);
  return post(server.url, body, {
    ...headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(address !== undefined && { 'x-test-address': address }),
  });
}
const call = (token: string, name: string): Promise<Answer> =>
  ask({ token }, 'tools/call', { name, arguments: { key: 'a' } });
const codeOf = ({ message }: Answer): unknown =>
  (message.result!['_meta'] as Record<string, { code?: string }>)['mcp-software-engineer/error']?.code ?? 'success';

async function legacySession(token: string): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const { headers } = await post(server.url, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
  });
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-session-id': headers.get('mcp-session-id')!,
    'mcp-protocol-version': '2025-11-25',
  };
}

describe('who proves nobody', () => {
  it('is told the same whatever was wrong, with where to get a token, and nothing runs', async () => {
    await start();
    const nothing = await ask({}, 'tools/list');
    const wrong = await ask({ token: 'mallory' }, 'tools/list');
    expect([nothing.status, wrong.status]).toEqual([401, 401]);
    expect(nothing.text).toBe(wrong.text);
    const metadata = 'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"';
    expect(nothing.headers.get('www-authenticate')).toMatch(/^Bearer scope="callers:read/);
    expect(nothing.headers.get('www-authenticate')).toContain(metadata);
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token", scope="/);
    const records = server.log().filter((line) => line['operation'] === 'authenticate');
    expect(records).toMatchObject([
      { decision: 'UNAUTHENTICATED', tenant: 'unauthenticated' },
      { decision: 'UNAUTHENTICATED' },
    ]);
  });

  it.each(['GET', 'DELETE', 'POST'])('gets nothing by %s either', async (method) => {
    await start();
    const { status } = await fetch(server.url, { method, headers: { 'content-type': 'application/json' } });
    expect(status).toBe(401);
  });

  it(injected('overload', 'AddressWatch', 'is sent away when too many came from where he is'), async () => {
    await start({ limits: { unauthenticatedPerMinute: 3 } });
    const statuses = [];
    for (let call = 0; call < 5; call++) statuses.push((await ask({ address: '192.0.2.1' }, 'tools/list')).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const refused = await ask({ address: '192.0.2.1', token: 'guess' }, 'tools/list');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused.headers.get('ratelimit')).toMatch(/^"address";r=0;t=\d+$/);
    expect((await ask({ address: '192.0.2.2' }, 'tools/list')).status).toBe(401);
  });

  it('finds out who issues tokens, by every path a client tries, whatever Host it names', async () => {
    await start();
    const origin = server.url.replace(/\/mcp$/, '');
    for (const path of ['', '/mcp']) {
      const response = await fetch(`${origin}/.well-known/oauth-protected-resource${path}`, {
        headers: { 'x-forwarded-host': 'evil.example.com' },
      });
      expect(await response.json()).toEqual({
        resource: 'https://mcp.example.com/mcp',
        authorization_servers: ['https://issuer.example.com'],
        scopes_supported: expect.arrayContaining(['callers:read', 'files:read', 'staged:read']),
        bearer_methods_supported: ['header'],
        resource_name: expect.any(String),
      });
    }
    expect((await fetch(`${origin}/.well-known/oauth-protected-resource/other`)).status).toBe(404);
  });
});

describe('who lacks a scope', () => {
  it('over HTTP is told by 403 all the scopes the call needs, and it is recorded like any call', async () => {
    await start();
    const refused = await call('rita', 'set_thing');
    expect(refused.status).toBe(403);
    const challenge = refused.headers.get('www-authenticate')!;
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="callers:read callers:write"');
    expect(server.probe.get(CallerTools).runs).toEqual([]);
    expect(await server.outcomes('set_thing', 'FORBIDDEN')).toBe(1);
    expect(server.log().filter(({ decision }) => decision === 'FORBIDDEN')).toHaveLength(1);
    expect((await call('rita', 'read_own')).status).toBe(200);
  });

  it('is refused the same in a session of the 2025 era', async () => {
    await start();
    const headers = await legacySession('rita');
    const body = (name: string): string =>
      JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name, arguments: { key: 'a' } } });
    const refused = await post(server.url, body('set_thing'), { ...headers, authorization: 'Bearer rita' });
    expect(refused.status).toBe(403);
    expect((await post(server.url, body('read_own'), { ...headers, authorization: 'Bearer rita' })).status).toBe(200);
    // The session is hers: with another caller's token it does not exist.
    expect((await post(server.url, body('read_own'), { ...headers, authorization: 'Bearer bob' })).status).toBe(404);
  });

  it('is not shown what he may not call; without a scope of this server he may read', async () => {
    await start();
    const namesFor = async (token: string): Promise<string[]> => {
      const { message } = await ask({ token }, 'tools/list');
      return (message.result!['tools'] as { name: string }[]).map(({ name }) => name);
    };
    const [rita, alice, stranger] = [await namesFor('rita'), await namesFor('alice'), await namesFor('stranger')];
    expect(rita).toContain('read_own');
    expect(rita).not.toContain('set_thing');
    expect(rita).not.toContain('read_plain');
    expect(alice).toEqual(expect.arrayContaining(['set_thing', 'read_plain', 'write_file']));
    expect(stranger).toEqual(expect.arrayContaining(['read_own', 'read_plain', 'read_files']));
    expect(stranger).not.toContain('write_file');
    for (const [token, names] of [
      ['rita', rita],
      ['stranger', stranger],
    ] as const)
      for (const name of ['read_own', 'set_thing', 'read_plain'])
        expect([name, (await call(token, name)).status === 200]).toEqual([name, names.includes(name)]);
  });
});

describe('what is left of a limit', () => {
  it('stands in the headers of each answer, and with nothing left when to come back', async () => {
    await start();
    const heads = [];
    for (let each = 0; each < 4; each++) {
      const { headers, status } = await call('alice', 'read_counted');
      heads.push([status, headers.get('ratelimit-policy'), headers.get('ratelimit')?.replace(/t=\d+/, 't=')]);
    }
    expect(heads.map(([, , left]) => left)).toEqual([
      '"tool";r=2;t=',
      '"tool";r=1;t=',
      '"tool";r=0;t=',
      '"tool";r=0;t=',
    ]);
    expect(heads[0]![1]).toBe('"tool";q=3;w=60');
    expect((await call('alice', 'read_counted')).headers.get('retry-after')).toMatch(/^\d+$/);
    // Somebody else's limit is his own.
    expect((await call('anna', 'read_counted')).headers.get('ratelimit')).toMatch(/^"tool";r=2/);
  });

  it('of a tenant is shared by its callers, whatever they call', async () => {
    await start({ policy: parsePolicy('tenants: { acme: { calls_per_window: 3 }, globex: {} }') });
    const ends = [];
    for (const [token, tool] of [
      ['alice', 'read_own'],
      ['anna', 'read_plain'],
      ['alice', 'read_common'],
      ['anna', 'read_own'],
      ['bob', 'read_own'],
    ] as const)
      ends.push(codeOf(await call(token, tool)));
    expect(ends).toEqual(['success', 'success', 'success', 'RATE_LIMITED', 'success']);
  });

  it('counts calls at work, per caller and per tenant, until the work ends', async () => {
    await start({
      limits: { callsPerPrincipal: 1 },
      policy: parsePolicy('tenants: { acme: { concurrent_calls: 2 }, globex: {} }'),
    });
    server.probe.inject('read_plain', faults.hang());
    const hanging = [call('alice', 'read_plain'), call('anna', 'read_plain')];
    while ((await server.probe.held()).calls < 2) await new Promise((next) => setImmediate(next));
    const ends = [await call('alice', 'read_own'), await call('rita', 'read_own'), await call('bob', 'read_own')];
    expect(ends.map(codeOf)).toEqual(['RATE_LIMITED', 'RATE_LIMITED', 'success']);
    await Promise.all(hanging);
    await server.probe.settled();
    expect(codeOf(await call('alice', 'read_own'))).toBe('success');
  });

  it('does not let in callers of tenants that are not listed', async () => {
    await start({ policy: parsePolicy('tenants: { acme: {} }') });
    expect((await call('bob', 'read_own')).status).toBe(403);
    expect((await call('alice', 'read_own')).status).toBe(200);
  });
});
