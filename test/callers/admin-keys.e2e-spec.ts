import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EMPTY_POLICY, type PolicySettings } from '@app/config';
import { ServerError } from '@app/mcp';
import { ApiKeys, AuditSink } from '@app/security';
import { SqlDatabase } from '@app/storage';
import { breakMethod } from '@app/testing';
import { modernRequest, post } from '../support/mcp-messages.js';
import { StagedServer } from '../wcgw/staged-server.js';

/** A subject of this name is the server's administrator, by the policy file. */
const POLICY: PolicySettings = {
  ...EMPTY_POLICY,
  roles: new Map([
    ['administrator', { scopes: ['admin:admin', '*'], members: ['root'] }],
    ['reader', { scopes: ['staged:read'], members: [] }],
  ]),
};

let server: StagedServer;
beforeEach(async () => {
  server = await StagedServer.start({ auth: { acceptsApiKeys: true }, keeps: true, policy: POLICY });
});
afterEach(() => server.stop());

const keys = (): ApiKeys => server.probe.get(ApiKeys);
/** The text of a key as the command line would make it. */
async function keyOf(scopes: readonly string[], tenant = 'acme', subject = 'operator'): Promise<string> {
  const made = await keys().create({ name: 'test', tenant, subject, scopes, roles: [], createdBy: 'test' });
  return made.text;
}
const idOf = (text: string): string => text.slice('mse_'.length, 'mse_'.length + 16);

async function admin(method: string, path: string, key: string, body?: unknown) {
  const response = await fetch(server.url.replace(/\/mcp$/, `/admin/v1/${path}`), {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = (text === '' ? {} : JSON.parse(text)) as { text?: string; code?: string; key?: { id: string } };
  return { status: response.status, headers: response.headers, text, answer };
}
const create = (key: string, more: object) =>
  admin('POST', 'keys', key, { name: 'CI', subject: 'ci', scopes: [], ...more });
async function statusWith(key: string): Promise<number> {
  const { headers, body } = modernRequest('tools/list');
  return (await post(server.url, body, { ...headers, authorization: `Bearer ${key}` })).status;
}

describe('who makes keys over HTTP', () => {
  it.each([[['*']], [['admin:*', 'files:*']], [['admin:write']]])(
    'with %j makes nobody an operator of all tenants',
    async (scopes) => {
      const operator = await keyOf(scopes);
      expect(await create(operator, { scopes: ['admin:admin'] })).toMatchObject({ status: 403 });
      // Such a subject would be one by the policy.
      expect(await create(operator, { subject: 'root' })).toMatchObject({ status: 403 });
      const over = await keyOf(['admin:admin'], 'acme', 'chief');
      expect(await admin('POST', `keys/${idOf(over)}/rotate`, operator, {})).toMatchObject({ status: 403 });
      expect(await statusWith(over)).toBe(200);
    },
  );

  it('gives no more than he holds, also where he is over all tenants', async () => {
    const chief = await keyOf(['admin:admin', 'staged:write']);
    expect(await create(chief, { tenant: 'globex', scopes: ['staged:read', 'admin:read'] })).toMatchObject({
      status: 201,
    });
    expect(await create(chief, { tenant: 'globex', roles: ['reader'] })).toMatchObject({ status: 201 });
    for (const more of [
      { scopes: ['files:read'] },
      { scopes: ['*'] },
      { roles: ['administrator'] },
      { roles: ['unknown'] },
    ])
      expect(await create(chief, more)).toMatchObject({ status: 403, answer: { code: 'FORBIDDEN' } });
    const all = await keyOf(['*']);
    for (const scopes of [['*'], ['files:*'], ['admin:*'], ['files:read', 'admin:write']])
      expect(await create(all, { scopes })).toMatchObject({ status: 201 });
  });

  it('cannot take over a key that is too old to be listed', async () => {
    const old = await keyOf(['*'], 'acme', 'owner');
    await (server.probe.get(SqlDatabase as never) as SqlDatabase).run(async (statement) => {
      await statement(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO mcp_api_keys (id, salt, hash, name, tenant, subject, scopes, roles, created_at, created_by)
         SELECT 'id' || i, 's', 'h', 'n', 'acme', 'x', '[]', '[]', 9000000000000, 'test' FROM n WHERE $1 = 1`,
        [1],
      );
    });
    const operator = await keyOf(['admin:write']);
    expect(await admin('POST', `keys/${idOf(old)}/rotate`, operator, {})).toMatchObject({ status: 404 });
    expect(await statusWith(old)).toBe(200);
  });

  it('gets a text that works, and that nobody may store on its way', async () => {
    const operator = await keyOf(['admin:write', 'staged:read']);
    const made = await create(operator, { scopes: ['staged:read'] });
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const first = made.answer.text!;
    expect(await statusWith(first)).toBe(200);
    // Without a body the old one goes on for a day.
    const rotated = await admin('POST', `keys/${idOf(first)}/rotate`, operator);
    expect([rotated.status, rotated.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const second = rotated.answer.text!;
    expect([await statusWith(first), await statusWith(second)]).toEqual([200, 200]);
    expect(await admin('DELETE', `keys/${idOf(second)}`, operator)).toMatchObject({ status: 204, text: '' });
    const listed = (await admin('GET', 'keys', operator)).text;
    for (const text of [first, second]) {
      expect(listed).toContain(idOf(text));
      for (const shown of [listed, JSON.stringify(server.log())]) expect(shown).not.toContain(text.slice(21));
    }
  });

  it('is refused what is no request', async () => {
    const operator = await keyOf(['*']);
    for (const body of ['{', '[]', '"x"', 'null'])
      expect(await admin('POST', 'keys', operator, body)).toMatchObject({ status: 400 });
    for (const more of [
      { scopes: 'files:read' },
      { scopes: [1] },
      { name: '' },
      { name: 'a\nb' },
      { subject: { $ne: 1 } },
      { tenant: 7 },
      { expiresAt: 1 },
      { expiresAt: '1' },
      { createdBy: 'somebody else' },
    ])
      expect(await create(operator, more)).toMatchObject({ status: 400 });
    const { key } = (await create(operator, {})).answer;
    for (const graceMs of [-1, 0.5, '0', 1e15])
      expect(await admin('POST', `keys/${key!.id}/rotate`, operator, { graceMs })).toMatchObject({ status: 400 });
  });

  it('makes and exchanges none where it cannot be recorded; what is ended is ended', async () => {
    const operator = await keyOf(['*']);
    const kept = await keyOf(['staged:read'], 'acme', 'kept');
    const before = (await keys().list()).length;
    const down = (): Promise<never> => Promise.reject(new ServerError('POLICY_UNAVAILABLE', 'No answer.'));
    const mend = breakMethod(server.probe.get(AuditSink as never) as AuditSink, 'record', down);
    const made = await create(operator, { scopes: ['*'] });
    expect(made).toMatchObject({ status: 503, answer: { code: 'POLICY_UNAVAILABLE' } });
    expect(made.text).not.toContain('mse_');
    const rotated = await admin('POST', `keys/${idOf(kept)}/rotate`, operator, { graceMs: 0 });
    expect(rotated).toMatchObject({ status: 503 });
    const after = await keys().list();
    expect(after.filter(({ revokedAt }) => revokedAt === undefined)).toHaveLength(before);
    expect(await admin('DELETE', `keys/${idOf(kept)}`, operator)).toMatchObject({ status: 503 });
    mend();
    expect(await statusWith(kept)).toBe(401);
  });
});
