import { describe, expect, it } from '@jest/globals';
import { type Principal, ServerError } from '@app/mcp';
import { checkHandsOn, checkReaches, type HandedOn, reachOf } from './operator-reach.js';

const operator = (scopes: readonly string[], via: Principal['via'] = 'api_key'): Principal => ({
  subject: 'oscar',
  tenant: 'acme',
  scopes,
  actors: [],
  via,
});
const ROLES = new Map([
  ['root', { scopes: ['admin:admin'], members: ['rosa', 'globex/gus'] }],
  ['dev', { scopes: ['files:write'], members: [] }],
]);
const handsOn = (by: Principal, given: Partial<HandedOn>): string => {
  try {
    checkHandsOn(by, { tenant: 'acme', subject: 'ci', scopes: [], roles: [], ...given }, { roles: ROLES });
    return 'given';
  } catch (error) {
    return (error as ServerError).code;
  }
};

describe('how far an operator reaches', () => {
  it.each<[readonly string[], Principal['via'], string | undefined]>([
    [['admin:admin'], 'token', undefined],
    [['*'], 'none', undefined],
    [['*'], 'token', 'acme'],
    [['*'], 'api_key', 'acme'],
    [['*'], 'gateway', 'acme'],
    [['admin:*'], 'token', 'acme'],
    [['admin:write', 'admin:read'], 'token', 'acme'],
    [['admin:read'], 'none', 'acme'],
    [[], 'token', 'acme'],
  ])('with %j by %s: %s', (scopes, via, tenant) => {
    expect(reachOf(operator(scopes, via))).toBe(tenant);
    const reaches = (): void => checkReaches(operator(scopes, via), 'globex');
    if (tenant === undefined) reaches();
    else expect(reaches).toThrow(ServerError);
  });
});

describe('what an operator hands on', () => {
  it.each<[readonly string[], Partial<HandedOn>, string]>([
    [['*'], { scopes: ['*', 'files:*', 'files:write', 'admin:*', 'x:remote'] }, 'given'],
    [['*'], { scopes: ['admin:admin'] }, 'FORBIDDEN'],
    [['admin:*'], { scopes: ['admin:write', 'admin:*'] }, 'given'],
    [['admin:*'], { scopes: ['admin:admin'] }, 'FORBIDDEN'],
    [['admin:*'], { scopes: ['*'] }, 'FORBIDDEN'],
    [['admin:write', 'files:write'], { scopes: ['files:read', 'files:write'] }, 'given'],
    [['admin:write', 'files:write'], { scopes: ['files:*'] }, 'FORBIDDEN'],
    [['admin:write', 'files:write'], { scopes: ['files:execute'] }, 'FORBIDDEN'],
    [['admin:write', 'files:admin'], { scopes: ['files:remote'] }, 'FORBIDDEN'],
    [['admin:write'], { scopes: ['nonsense'] }, 'FORBIDDEN'],
    [['admin:write'], {}, 'given'],
    // Whoever calls by that name is more than the operator.
    [['*'], { subject: 'rosa' }, 'FORBIDDEN'],
    [['*'], { subject: 'gus' }, 'given'],
    [['*'], { tenant: 'globex' }, 'FORBIDDEN'],
    [['*'], { roles: ['dev'] }, 'FORBIDDEN'],
    [['admin:admin'], { tenant: 'globex', subject: 'gus' }, 'given'],
    [['admin:admin'], { roles: ['dev'] }, 'FORBIDDEN'],
    [['admin:admin', 'files:write'], { tenant: 'globex', roles: ['dev'] }, 'given'],
    [['admin:admin', 'files:write'], { roles: ['unknown'] }, 'FORBIDDEN'],
    [['admin:admin'], { scopes: ['admin:admin'] }, 'given'],
    [['admin:admin'], { scopes: ['admin:*'] }, 'FORBIDDEN'],
  ])('with %j: %j is %s', (scopes, given, end) => {
    expect(handsOn(operator(scopes), given)).toBe(end);
  });

  it('is everything for the local caller with everything', () => {
    expect(handsOn(operator(['*'], 'none'), { tenant: 'globex', scopes: ['*', 'admin:admin'], roles: ['root'] })).toBe(
      'given',
    );
  });
});
