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
      expect(await statuses('operator')).toEqual([200, 200]);
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
});
