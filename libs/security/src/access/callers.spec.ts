import { describe, expect, it } from '@jest/globals';
import { parsePolicy, PolicySource } from '@app/config';
import { LOCAL_PRINCIPAL } from '@app/mcp';
import { Callers, type ProvenCaller } from './callers.js';

const ALICE: ProvenCaller = {
  subject: 'alice',
  tenant: 'acme',
  scopes: ['openid', 'git:read'],
  roles: ['developer', 'unheard of'],
  actors: ['agent'],
  method: 'token',
};
const callersWith = (policy: string) => new Callers(new PolicySource(undefined, parsePolicy(policy)));

describe('Callers', () => {
  it('adds the scopes of roles, from the proof and from the lists of members', () => {
    const callers = callersWith(`
      roles:
        developer: { scopes: [files:write] }
        auditor: { scopes: [audit:read], members: [acme/alice] }
        clerk: { scopes: [notes:write], members: [alice] }
        foreign: { scopes: [db:admin], members: [other/alice, bob] }`);
    expect(callers.principalOf(ALICE)).toEqual({
      subject: 'alice',
      tenant: 'acme',
      scopes: ['openid', 'git:read', 'files:write', 'audit:read', 'notes:write'],
      actors: ['agent'],
      via: 'token',
    });
  });

  it('refuses callers of tenants that are not listed, where tenants are listed', () => {
    expect(() => callersWith('tenants: { other: {} }').principalOf(ALICE)).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    );
    expect(callersWith('tenants: { acme: {} }').principalOf(ALICE).tenant).toBe('acme');
    expect(callersWith('{}').principalOf(ALICE).tenant).toBe('acme');
  });

  it('gives the same principal until the policy is another one', async () => {
    let text = '{}';
    const source = new PolicySource('policy.yaml', parsePolicy(text), () => Promise.resolve(text));
    const callers = new Callers(source);
    const before = callers.principalOf(ALICE);
    expect(callers.principalOf(ALICE)).toBe(before);
    text = 'roles: { developer: { scopes: ["files:*"] } }';
    await source.reload();
    expect(callers.principalOf(ALICE).scopes).toContain('files:*');
  });

  it.each([
    ['{}', ['*'], 'local'],
    ['local: { tenant: acme }', ['*'], 'acme'],
    ['local: { scopes: [files:read] }', ['files:read'], 'local'],
    ['{ roles: { dev: { scopes: [git:write] } }, local: { roles: [dev] } }', ['git:write'], 'local'],
    ['local: { scopes: [] }', [], 'local'],
  ])('the local caller under %s', (policy, scopes, tenant) => {
    const local = callersWith(policy).local();
    expect([local.subject, local.scopes, local.tenant]).toEqual([LOCAL_PRINCIPAL.subject, scopes, tenant]);
  });
});
