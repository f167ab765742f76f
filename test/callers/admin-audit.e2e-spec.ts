import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { SignJWT } from 'jose';
import { modernRequest, post } from '../support/mcp-messages.js';
import { PRODUCT, ServerProcess } from '../support/server-process.js';

const SECRET = randomBytes(32).toString('base64');
const AUTH = {
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_AUDIENCE: 'https://mcp.example.com/mcp',
  AUTH_SECRET: SECRET,
  AUTH_API_KEYS: 'on',
};
/** Records reach the database in the background. */
const PATIENCE_MS = 10_000;

let folder: string;
let dataDir: string;
let server: ServerProcess;
let keys: Record<'chief' | 'auditor' | 'operator' | 'globex' | 'alice', string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'admin-audit-'));
  dataDir = join(folder, 'data');
  const workspace = join(folder, 'workspace');
  await mkdir(workspace);
  const env = { ...AUTH, AUDIT_STORE: 'database', DATA_DIR: dataDir };
  const keyOf = (subject: string, tenant: string, ...scopes: string[]): string => {
    const words = ['keys', 'create', '--name', subject, '--subject', subject, '--tenant', tenant];
    const args = [PRODUCT, ...words, ...scopes.flatMap((scope) => ['--scope', scope])];
    const { PATH, HOME } = process.env;
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH, HOME, ...env } }).stdout.trim();
  };
  keys = {
    chief: keyOf('chief', 'server', 'admin:admin'),
    auditor: keyOf('auditor', 'acme', 'admin:read'),
    operator: keyOf('operator', 'acme', 'admin:write'),
    globex: keyOf('gloria', 'globex', '*'),
    alice: keyOf('alice', 'acme', 'files:read'),
  };
  server = await ServerProcess.start({ workspace, env });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

interface KeptRecord {
  readonly tenant: string;
  readonly subject?: string;
  readonly operation: string;
  readonly callId: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
interface Answer {
  readonly records: KeptRecord[];
  readonly cursor?: string;
  readonly findings: object[];
}

async function admin(who: keyof typeof keys, path: string, body?: object): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(server.url.replace(/\/mcp$/, `/admin/v1/${path}`), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${keys[who]}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, answer: (text === '' ? {} : JSON.parse(text)) as Answer };
}
async function call(token: string): Promise<number> {
  const { headers, body } = modernRequest('tools/call', { name: 'list_files', arguments: { path: '.' } });
  return (await post(server.url, body, { ...headers, authorization: `Bearer ${token}` })).status;
}
/** The records of a question, as soon as there are so many. */
async function records(who: keyof typeof keys, query: string, least: number): Promise<KeptRecord[]> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { status, answer } = await admin(who, `audit?${query}`);
    expect(status).toBe(200);
    if (answer.records.length >= least || performance.now() > until) return answer.records;
    await new Promise((next) => setTimeout(next, 100));
  }
}

describe('the audit over HTTP', () => {
  it('shows an operator what was recorded in his tenant, whatever he asks for', async () => {
    for (const key of [keys.alice, keys.alice, keys.globex]) expect(await call(key)).toBe(200);
    const own = await records('auditor', 'operation=list_files', 2);
    expect(own.map(({ tenant, subject }) => [tenant, subject])).toEqual([
      ['acme', 'alice'],
      ['acme', 'alice'],
    ]);
    expect(await records('auditor', `callId=${own[1]!.callId}`, 1)).toEqual([own[1]]);
    expect(await records('auditor', 'operation=list_files&tenant=globex', 2)).toEqual(own);
    expect(await records('globex', 'operation=list_files', 1)).toMatchObject([{ tenant: 'globex', subject: 'gloria' }]);
    expect(await records('chief', 'operation=list_files', 3)).toHaveLength(3);
    expect(await records('chief', 'tenant=globex&operation=list_files', 1)).toHaveLength(1);
    expect((await admin('alice', 'audit')).status).toBe(403);
  });

  it('goes on where an answer ended, and never beyond the tenant', async () => {
    const all = await records('chief', 'limit=1000', 1);
    const found: KeptRecord[] = [];
    let cursor: string | undefined;
    do {
      const { answer } = await admin('chief', `audit?limit=2&until=${Date.now()}${cursor ? `&cursor=${cursor}` : ''}`);
      found.push(...answer.records);
      ({ cursor } = answer);
    } while (cursor !== undefined && found.length < all.length);
    expect(found.slice(0, all.length)).toEqual(all);
    const { answer } = await admin('chief', 'audit?limit=1');
    const theirs = await admin('auditor', `audit?limit=1000&cursor=${answer.cursor}`);
    expect(new Set(theirs.answer.records.map(({ tenant }) => tenant))).toEqual(new Set(['acme']));
  });

  it.each(['limit=0', 'limit=1001', 'since=-1', 'since=x', 'cursor=x', 'tenant=a&tenant=b', 'tenant[x]=1', 'sql=1'])(
    'does not guess what %s asks',
    async (query) => {
      expect((await admin('chief', `audit?${query}`)).status).toBe(400);
    },
  );

  it('tells who is over all tenants whether every record is as it was', async () => {
    expect((await admin('auditor', 'audit/verify')).status).toBe(404);
    expect(await admin('chief', 'audit/verify')).toMatchObject({ status: 200, answer: { findings: [], isCut: false } });
  });

  it('records who ended a token, and which, in words that only its owner can connect with it', async () => {
    const token = await new SignJWT({ scope: 'files:read' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(AUTH.AUTH_ISSUER)
      .setAudience(AUTH.AUTH_AUDIENCE)
      .setSubject('mallory')
      .setJti('stolen')
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(Buffer.from(SECRET));
    expect(await call(token)).toBe(200);
    expect((await admin('operator', 'tokens/revoke', { tokenId: 'stolen' })).status).toBe(403);
    expect((await admin('chief', 'tokens/revoke', { tokenId: 'stolen', forMs: 60_000 })).status).toBe(204);
    const until = performance.now() + PATIENCE_MS;
    while ((await call(token)) !== 401) {
      expect(performance.now()).toBeLessThan(until);
      await new Promise((next) => setTimeout(next, 100));
    }
    const [record] = await records('chief', 'operation=token_revoked', 1);
    expect(record).toMatchObject({ subject: 'chief', tenant: 'server', details: { forMs: 60_000 } });
    expect(record!.details!['jtiDigest']).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(record)).not.toContain('stolen');
  });

  it('removes what is personal of one person of the own tenant, and says who asked', async () => {
    const erase = (who: keyof typeof keys, body: object) => admin(who, 'audit/erasures', body);
    expect((await erase('auditor', { subject: 'alice' })).status).toBe(403);
    expect((await erase('operator', { tenant: 'globex', subject: 'gloria' })).status).toBe(403);
    for (const body of [{}, { subject: '' }, { subject: 7 }, { subject: 'alice', yes: true }])
      expect((await erase('operator', body)).status).toBe(400);
    expect((await erase('globex', { subject: 'alice' })).answer).toEqual({ records: 0 });
    const erased = await erase('operator', { subject: 'alice' });
    expect(erased.status).toBe(200);
    expect(Number(erased.answer.records)).toBeGreaterThanOrEqual(2);
    expect(await records('chief', 'subject=alice', 0)).toEqual([]);
    expect(await records('chief', 'operation=list_files&tenant=acme', 2)).toHaveLength(2);
    expect(await records('auditor', 'operation=erasure', 1)).toMatchObject([{ tenant: 'acme', subject: 'operator' }]);
    expect((await admin('chief', 'audit/verify')).answer.findings).toEqual([]);
  });

  it('names a record that was changed in the database', async () => {
    const database = new Database(join(dataDir, 'state.db'));
    const row = database
      .prepare(`SELECT instance, seq, facts FROM mcp_audit WHERE operation = 'list_files' AND tenant = 'globex'`)
      .get() as { instance: string; seq: number; facts: string };
    database
      .prepare('UPDATE mcp_audit SET facts = ? WHERE instance = ? AND seq = ?')
      .run(row.facts.replace('list_files', 'list_filez'), row.instance, row.seq);
    database.close();
    const { answer } = await admin('chief', 'audit/verify');
    expect(answer.findings).toMatchObject([{ what: 'changed', instance: row.instance, seq: row.seq }]);
  });
});
