import { afterEach, describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { StagedServer } from '../wcgw/staged-server.js';
import { AUTHENTICATED, knowCallers } from './known-callers.js';

let server: StagedServer;
afterEach(() => server.stop());

async function start(options: Parameters<typeof StagedServer.start>[0] = {}): Promise<void> {
  server = await StagedServer.start({ auth: AUTHENTICATED, ...options });
  knowCallers(server);
}

function admin(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...init.headers };
  return fetch(server.url.replace(/\/mcp$/, `/admin/${path}`), { ...init, headers });
}
const problemOf = async (response: Response): Promise<unknown> => {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return response.json();
};

describe('the admin API', () => {
  it(
    injected('no permission', 'AdminGuard', 'it is for those who hold a scope of it, one to look and one to change'),
    async () => {
      await start();
      const statuses = async (token?: string): Promise<number[]> => [
        (await admin('v1/policy', token)).status,
        (await admin('v1/policy/reload', token, { method: 'POST' })).status,
      ];
      expect(await statuses()).toEqual([401, 401]);
      expect(await statuses('mallory')).toEqual([401, 401]);
      expect(await statuses('rita')).toEqual([403, 403]);
      // Whoever has no scope of this server may read with tools, and look at nothing here.
      expect(await statuses('stranger')).toEqual([403, 403]);
      expect(await statuses('auditor')).toEqual([200, 403]);
      expect(await statuses('operator')).toEqual([200, 403]);
      expect(await statuses('chief')).toEqual([200, 200]);
      expect(await problemOf(await admin('v1/policy', 'rita'))).toEqual({
        type: 'about:blank',
        title: 'FORBIDDEN',
        status: 403,
        detail: 'The caller lacks the scope admin:read.',
        code: 'FORBIDDEN',
      });
    },
  );

  it('is closed to pages of other origins', async () => {
    await start();
    const response = await admin('v1/policy', 'operator', { headers: { origin: 'https://evil.example.com' } });
    expect(response.status).toBe(403);
  });

  it('is open to the local caller where nobody has to authenticate', async () => {
    await start({ auth: {} });
    expect((await admin('v1/policy')).status).toBe(200);
  });

  it('describes every route of its own, and none of others', async () => {
    await start();
    const document = (await (await admin('openapi.json', 'auditor')).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/admin/v1/policy', '/admin/v1/policy/reload']),
    );
    expect(Object.keys(document.paths).filter((path) => !path.startsWith('/admin/'))).toEqual([]);
    expect((await admin('openapi.json')).status).toBe(401);
  });

  it('counts what each operator asks', async () => {
    await start();
    let status = 200;
    for (let request = 0; request < 130 && status === 200; request++)
      status = (await admin('v1/policy', 'auditor')).status;
    expect(status).toBe(429);
    const refused = await admin('v1/policy', 'auditor');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await problemOf(refused)).toMatchObject({ code: 'RATE_LIMITED' });
    expect((await admin('v1/policy', 'operator')).status).toBe(200);
  });

  const json = (token: string, path: string, body: unknown, method = 'POST'): Promise<Response> =>
    admin(path, token, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

  it('makes keys of the own tenant with no more than the operator holds, shows their text once, and ends them', async () => {
    await start({ keeps: true });
    const wanted = { name: 'CI', subject: 'ci', scopes: ['callers:read'] };
    const response = await json('operator', 'v1/keys', wanted);
    expect(response.status).toBe(201);
    const { key, text } = (await response.json()) as { key: { id: string }; text: string };
    expect(text).toMatch(/^mse_/);
    const listed = await (await admin('v1/keys', 'operator')).text();
    expect(listed).toContain(key.id);
    expect(listed).not.toContain(text.slice(21));
    expect(await (await admin('v1/keys', 'bob')).json()).toEqual([]);
    expect(await (await admin('v1/keys', 'chief')).json()).toMatchObject([{ id: key.id }]);
    expect((await admin(`v1/keys/${key.id}`, 'bob', { method: 'DELETE' })).status).toBe(404);
    for (const [more, code] of [
      [{ scopes: ['*'] }, 'FORBIDDEN'],
      [{ scopes: ['files:write'] }, 'FORBIDDEN'],
      [{ tenant: 'globex' }, 'FORBIDDEN'],
      [{ roles: ['developer'] }, 'FORBIDDEN'],
      [{ scopes: ['nonsense'] }, 'FORBIDDEN'],
    ] as const)
      expect(await problemOf(await json('operator', 'v1/keys', { ...wanted, ...more }))).toMatchObject({ code });
    expect((await json('operator', 'v1/keys', { ...wanted, surprise: 1 })).status).toBe(400);
    expect((await json('chief', 'v1/keys', { ...wanted, scopes: ['nonsense'] })).status).toBe(400);
    const rotated = await json('operator', `v1/keys/${key.id}/rotate`, { graceMs: 0 });
    expect(rotated.status).toBe(201);
    const { key: next } = (await rotated.json()) as { key: { id: string } };
    expect((await admin(`v1/keys/${next.id}`, 'operator', { method: 'DELETE' })).status).toBe(204);
    expect((await admin('v1/keys/unknown', 'operator', { method: 'DELETE' })).status).toBe(404);
    const events = server
      .log()
      .filter(({ kind, operation }) => kind === 'security' && String(operation).startsWith('key_'));
    expect(events.map(({ operation, subject }) => [operation, subject])).toEqual([
      ['key_created', 'operator'],
      ['key_rotated', 'operator'],
      ['key_revoked', 'operator'],
    ]);
    expect(JSON.stringify(server.log())).not.toContain(text.slice(21));
  });

  it('ends tokens for who is over all tenants, and lists what waits for an approval', async () => {
    await start();
    expect((await json('operator', 'v1/tokens/revoke', { tokenId: 'x' })).status).toBe(403);
    expect((await json('chief', 'v1/tokens/revoke', { tokenId: 'x' })).status).toBe(204);
    expect((await json('chief', 'v1/tokens/revoke', { tokenId: '' })).status).toBe(400);
    expect(await (await admin('v1/approvals', 'auditor')).json()).toEqual([]);
    expect((await json('operator', 'v1/approvals/plan_unknown/approve', {})).status).toBe(404);
  });

  it('says so where the audit is in the log only', async () => {
    await start();
    expect(await problemOf(await admin('v1/audit', 'auditor'))).toMatchObject({ status: 404 });
    expect((await admin('v1/audit?limit=0', 'auditor')).status).toBe(400);
    expect((await admin('v1/keys', 'auditor')).status).toBe(404);
  });
});
