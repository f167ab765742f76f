import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ServerError } from '@app/mcp';
import { PolicySource } from '@app/config';
import { AuditSink } from '@app/security';
import { KeyValueStore } from '@app/storage';
import { breakMethod, injected, TestIssuer } from '@app/testing';
import { modernRequest, post, type Answer } from '../support/mcp-messages.js';
import { InProcessServer } from '../security/in-process-server.js';
import { CallerTools } from '../wcgw/callers.toolset.js';

const RESOURCE = 'https://mcp.example.com/mcp';
let issuer: TestIssuer;
let server: InProcessServer;
beforeEach(async () => {
  issuer = await TestIssuer.start(RESOURCE);
  server = await InProcessServer.start({
    workspace: import.meta.dirname,
    toolsetClasses: [CallerTools],
    auth: { issuer: issuer.url, jwksUrl: issuer.jwksUrl, audience: [RESOURCE], resource: RESOURCE },
  });
});
afterEach(async () => {
  await server.stop();
  await issuer.stop();
});

function call(token: string, name = 'read_own'): Promise<Answer> {
  const { headers, body } = modernRequest('tools/call', { name, arguments: { key: 'a' } });
  return post(server.url, body, { ...headers, authorization: `Bearer ${token}` });
}
const codeOf = ({ status, message }: Answer): unknown =>
  status === 200
    ? ((message.result!['_meta'] as Record<string, { code?: string }>)['mcp-software-engineer/error']?.code ??
      'success')
    : status;
const runs = (): number => server.probe.get(CallerTools).runs.length;
const down = (): Promise<never> => Promise.reject(new ServerError('POLICY_UNAVAILABLE', 'No answer.'));

describe('what a decision needs is lost', () => {
  it(injected('dependency down', 'EdgeIdentity', 'without the keys of the issuer nobody is let in'), async () => {
    issuer.down();
    const answer = await call(await issuer.sign({ scope: '*' }));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(answer.text).not.toContain(issuer.url);
    expect(runs()).toBe(0);
  });

  it('with keys that were fetched before callers are let in while the issuer is away', async () => {
    expect(codeOf(await call(await issuer.sign({ scope: '*' })))).toBe('success');
    issuer.down();
    expect(codeOf(await call(await issuer.sign({ scope: '*' })))).toBe('success');
  });

  it(
    injected('dependency down', 'RevokedTokens', 'while nobody can tell what was revoked nobody new is let in'),
    async () => {
      const mend = breakMethod(server.probe.get(KeyValueStore as never) as KeyValueStore, 'get', down);
      expect((await call(await issuer.sign({ scope: '*' }))).status).toBe(503);
      expect(runs()).toBe(0);
      mend();
      expect(codeOf(await call(await issuer.sign({ scope: '*' })))).toBe('success');
    },
  );

  it(
    injected('lost record', 'audit', 'without the audit nothing is changed, and nothing read is answered'),
    async () => {
      const token = await issuer.sign({ scope: '*' });
      const mend = breakMethod(server.probe.get(AuditSink as never) as AuditSink, 'record', down);
      expect(codeOf(await call(token, 'set_thing'))).toBe('POLICY_UNAVAILABLE');
      expect(server.probe.get(CallerTools).runs).not.toContain('set_thing');
      expect(codeOf(await call(token))).toBe('POLICY_UNAVAILABLE');
      mend();
      expect(codeOf(await call(token, 'set_thing'))).toBe('success');
    },
  );

  it(
    injected('bad policy file', 'PolicySource', 'a policy that cannot be read leaves the old one in force'),
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'policy-'));
      const file = join(folder, 'policy.yaml');
      await writeFile(file, 'tools: { read_own: { enabled: false } }');
      const source = new PolicySource(file, server.probe.get(PolicySource).current());
      expect(await source.reload()).toEqual({ changed: true, problems: [] });
      const before = source.version;
      for (const spoil of [() => writeFile(file, 'tools: ['), () => writeFile(file, ''), () => rm(file)]) {
        await spoil();
        expect((await source.reload()).problems).not.toEqual([]);
        expect(source.version).toBe(before);
      }
      await rm(folder, { recursive: true });
    },
  );
});
