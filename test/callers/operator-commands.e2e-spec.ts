import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
/** A revocation is known within a second; a busy machine takes longer to ask. */
const PATIENCE_MS = 10_000;

let folder: string;
let server: ServerProcess;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'operator-'));
  env = { ...AUTH, AUDIT_STORE: 'database', DATA_DIR: join(folder, 'data') };
  const workspace = await mkdtemp(join(tmpdir(), 'operator-ws-'));
  server = await ServerProcess.start({ workspace, env });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
const run = Object.assign((...args: string[]): Ran => run.with({}, ...args), {
  /** With other settings than the server's. */
  with: (more: Record<string, string>, ...args: string[]): Ran => {
    const { PATH, HOME } = process.env;
    return spawnSync(process.execPath, [PRODUCT, ...args], { encoding: 'utf8', env: { PATH, HOME, ...env, ...more } });
  },
  /** Its status and errors, and what a reader makes of its output. */
  through: (reader: string, ...args: string[]): Ran => {
    const { PATH, HOME } = process.env;
    const script = `set -o pipefail; "$0" "$@" | ${reader}`;
    const words = ['-c', script, process.execPath, PRODUCT, ...args];
    return spawnSync('bash', words, { encoding: 'utf8', env: { PATH, HOME, ...env } });
  },
});
async function statusWith(token: string): Promise<number> {
  const { headers, body } = modernRequest('tools/call', { name: 'list_files', arguments: { path: '.' } });
  return (await post(server.url, body, { ...headers, authorization: `Bearer ${token}` })).status;
}
async function becomes(status: number, token: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while ((await statusWith(token)) !== status) {
    if (performance.now() > until) throw new Error(`it never became ${status}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}
const create = (...more: string[]): string => {
  const { status, stdout } = run('keys', 'create', '--name', 'CI', '--subject', 'ci', '--scope', 'files:read', ...more);
  expect(status).toBe(0);
  return stdout.trim();
};
const idOf = (key: string): string => key.slice('mse_'.length, 'mse_'.length + 16);

describe('what operators do on the command line, beside a server that runs', () => {
  it('makes a key, lists it without its secret, and ends it', async () => {
    const key = create();
    await becomes(200, key);
    const { stdout } = run('keys', 'list');
    expect(stdout).toContain(`id=${idOf(key)}`);
    expect(stdout).not.toContain(key.slice(22));
    expect(run('keys', 'revoke', idOf(key)).status).toBe(0);
    await becomes(401, key);
    expect(run('keys', 'revoke', 'nothing')).toMatchObject({ status: 1, stderr: expect.stringContaining('NOT_FOUND') });
  });

  it('exchanges a key for another', async () => {
    const old = create();
    const { stdout } = run('keys', 'rotate', idOf(old), '--grace', '1s');
    await becomes(200, stdout.trim());
    await becomes(401, old);
  });

  it('lets nobody in with a key whose time is over, and lists the keys of one tenant', async () => {
    const key = create('--expires', '1s', '--tenant', 'acme');
    await becomes(401, key);
    const keysOf = (tenant: string): { id: string; tenant: string }[] =>
      run('keys', 'list', '--tenant', tenant, '--json')
        .stdout.split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { id: string; tenant: string });
    expect(keysOf('acme')).toMatchObject([
      { id: idOf(key), tenant: 'acme', subject: 'ci', expiresAt: expect.any(Number) },
    ]);
    expect(keysOf('nobody')).toEqual([]);
    expect(keysOf('default').map(({ tenant }) => tenant)).not.toContain('acme');
  });

  it('refuses a genuine token by its jti', async () => {
    const token = await new SignJWT({ scope: 'files:read' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(AUTH.AUTH_ISSUER)
      .setAudience(AUTH.AUTH_AUDIENCE)
      .setSubject('alice')
      .setJti('stolen')
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(Buffer.from(SECRET));
    expect(await statusWith(token)).toBe(200);
    expect(run('tokens', 'revoke', 'stolen', '--for', '1h').status).toBe(0);
    await becomes(401, token);
  });

  it('finds what callers and operators did in the audit', async () => {
    const until = performance.now() + PATIENCE_MS;
    let operations: string[] = [];
    while (!operations.includes('list_files') && performance.now() < until)
      operations = run('audit', 'query', '--limit', '1000')
        .stdout.trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { operation: string }).operation);
    expect(operations).toEqual(
      expect.arrayContaining([
        'config_loaded',
        'key_created',
        'key_revoked',
        'key_rotated',
        'token_revoked',
        'authenticate',
      ]),
    );
    const own = run('audit', 'export', '--subject', 'ci', '--operation', 'list_files').stdout.trim().split('\n');
    expect(JSON.parse(own[0]!)).toMatchObject({ tenant: 'default', subject: 'ci', via: 'api_key', transport: 'http' });
  });

  it('exports to who reads all of it and to who leaves', () => {
    const whole = run('audit', 'export').stdout;
    expect(whole.split('\n').length).toBeGreaterThan(10);
    const { status, stdout, stderr } = run.through('head -n 1', 'audit', 'export');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(whole.slice(0, whole.indexOf('\n') + 1));
    // Gone before the first line is written.
    expect(run.through('true', 'audit', 'export')).toEqual(
      expect.objectContaining({ status: 0, stdout: '', stderr: '' }),
    );
  });

  it('says that every record is as it was and by which key, and names one that is not', async () => {
    await server.stop();
    const verified = run('audit', 'verify');
    expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('all as they were') });
    const { keys } = JSON.parse(run('audit', 'verify', '--json').stdout) as {
      keys: { keyId: string; publicKey: string }[];
    };
    expect(keys).toHaveLength(1);
    expect(verified.stdout).toContain(keys[0]!.keyId);
    expect(verified.stdout).toContain(keys[0]!.publicKey.trim());
    // With the key of somebody else nothing of it is proven; with both it is.
    const file = join(folder, 'public.pem');
    await writeFile(file, keys[0]!.publicKey);
    const elsewhere = { DATA_DIR: join(folder, 'elsewhere') };
    await mkdir(elsewhere.DATA_DIR);
    await copyFile(join(env['DATA_DIR']!, 'state.db'), join(elsewhere.DATA_DIR, 'state.db'));
    expect(run.with(elsewhere, 'audit', 'verify')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('unknown key'),
    });
    expect(run.with(elsewhere, 'audit', 'verify', '--public-key', file)).toMatchObject({ status: 0 });
    const database = new Database(join(folder, 'data/state.db'));
    const row = database
      .prepare(`SELECT instance, seq, facts FROM mcp_audit WHERE operation = 'list_files' ORDER BY at LIMIT 1`)
      .get() as { instance: string; seq: number; facts: string };
    database
      .prepare('UPDATE mcp_audit SET facts = ? WHERE instance = ? AND seq = ?')
      .run(row.facts.replace('list_files', 'list_filez'), row.instance, row.seq);
    database.close();
    const { status, stdout } = run('audit', 'verify');
    expect(status).toBe(1);
    expect(stdout).toContain(`changed\t${row.instance}\t${row.seq}`);
  });

  it('removes what is personal of one caller, and leaves the chain whole but for what was changed before', () => {
    expect(run('audit', 'erase', '--tenant', 'default', '--subject', 'ci')).toMatchObject({ status: 64 });
    expect(run('audit', 'erase', '--tenant', 'default', '--subject', 'ci', '--yes').status).toBe(0);
    expect(run('audit', 'export', '--tenant', 'default', '--subject', 'ci').stdout).toBe('');
    expect(run('audit', 'export', '--tenant', 'acme', '--subject', 'ci').stdout).not.toBe('');
    expect(run('audit', 'verify').stdout).not.toContain('personal removed');
  });

  it('says what it cannot reach or read, and shows nothing that it was given', async () => {
    const away = { DATABASE_URL: 'postgres://somebody:hunter2@127.0.0.1:1/test' };
    for (const args of [
      ['keys', 'list'],
      ['audit', 'verify'],
      ['keys', 'create', '--name', 'x', '--subject', 'y'],
    ]) {
      const { status, stdout, stderr } = run.with(away, ...args);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toBe('POLICY_UNAVAILABLE: No answer from the database.\n');
    }
    const file = join(folder, 'no-key.pem');
    await writeFile(file, 'hunter2');
    for (const [path, problem] of [
      [file, 'no public key'],
      [`${file}.gone`, 'ENOENT'],
    ] as const) {
      const { status, stderr } = run('audit', 'verify', '--public-key', path);
      expect([status, stderr]).toEqual([78, expect.stringContaining(problem)]);
      expect(stderr).not.toContain('hunter2');
    }
    // Where nothing can be recorded there is no key.
    const args = ['keys', 'create', '--name', 'x', '--subject', 'y'];
    expect(run.with({ DATA_DIR: join(file, 'data') }, ...args)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'POLICY_UNAVAILABLE: The audit in DATA_DIR cannot be opened (ENOTDIR).\n',
    });
  });

  it.each([
    [['keys', 'create', '--name', 'x']],
    [['keys', 'create', '--name', 'x', '--subject', 'y', '--expires', 'soon']],
    [['keys', 'revoke']],
    [['keys', 'list', '--scope', 'x']],
    [['audit', 'query', '--limit', '0']],
    [['tokens', 'revoke', 'a', 'b']],
    [['approvals', 'approve']],
  ])('does not guess: %j', (args) => {
    expect(run(...args).status).toBe(64);
  });
});
