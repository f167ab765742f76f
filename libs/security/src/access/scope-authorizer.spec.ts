import { describe, expect, it } from '@jest/globals';
import { RISKS } from '@app/mcp';
import { ScopeAuthorizer } from './scope-authorizer.js';

const decide = (scopes: string[], family: string, risk: (typeof RISKS)[number]) =>
  new ScopeAuthorizer().decide({ subject: 's', tenant: 't', scopes, actors: [] }, { operation: 'x', family, risk });

describe('ScopeAuthorizer', () => {
  it.each([
    [['*'], 'files', 'destructive', true],
    [['files:*'], 'files', 'execute', true],
    [['files:*'], 'git', 'read', false],
    [['files:read'], 'files', 'read', true],
    [['files:read'], 'files', 'write', false],
    [['files:write'], 'files', 'read', true],
    [['files:write'], 'files', 'execute', false],
    [[], 'files', 'read', true],
    [[], 'files', 'write', false],
    [['files:admin'], 'files', 'execute', true],
    [['files:execute'], 'files', 'read', true],
    [['files:execute'], 'files', 'write', false],
    [['files:remote'], 'files', 'read', false],
    // Scopes of somebody else are none of ours: whoever has only those may read.
    [['openid', 'FILES:WRITE', 'files:readx'], 'files', 'read', true],
    [['openid', 'FILES:WRITE', 'files:writex'], 'files', 'write', false],
    [['openid', 'git:read'], 'files', 'read', false],
  ] as const)('%j asking for %s %s: %s', (scopes, family, risk, allowed) => {
    expect(decide([...scopes], family, risk).allowed).toBe(allowed);
  });

  it('names the scope that is missing', () => {
    expect(decide(['git:read'], 'files', 'write')).toEqual({ allowed: false, missingScope: 'files:write' });
  });
});
