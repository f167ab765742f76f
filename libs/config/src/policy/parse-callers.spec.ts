import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../configuration.error.js';
import { parsePolicy } from './parse-policy.js';

const problemsOf = (text: string): readonly string[] => {
  try {
    parsePolicy(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};

const WHOLE = `
roles:
  developer: { scopes: ["files:read", "git:*"], members: ["acme/alice", bob] }
  admin: { scopes: ["*"] }
  nobody:
tenants:
  acme: { workspaces: [api, web], calls_per_window: 1000, concurrent_calls: 8 }
  default: {}
local: { tenant: acme, roles: [developer], scopes: ["notes:read"] }
tools:
  db_execute: { approver: other }
`;

describe('callers in the policy file', () => {
  it('have roles, tenants, and one of them needs no authentication', () => {
    const { roles, tenants, local, tools } = parsePolicy(WHOLE);
    expect([...roles]).toEqual([
      ['developer', { scopes: ['files:read', 'git:*'], members: ['acme/alice', 'bob'] }],
      ['admin', { scopes: ['*'], members: [] }],
      ['nobody', { scopes: [], members: [] }],
    ]);
    expect([...tenants!]).toEqual([
      ['acme', { workspaces: ['api', 'web'], callsPerWindow: 1000, concurrentCalls: 8 }],
      ['default', {}],
    ]);
    expect(local).toEqual({ tenant: 'acme', roles: ['developer'], scopes: ['notes:read'] });
    expect(tools.get('db_execute')).toMatchObject({ approver: 'other' });
  });

  it('are deeply frozen', () => {
    const { roles, tenants, local } = parsePolicy(WHOLE);
    const parts = [roles.get('developer')!, roles.get('developer')!.scopes, roles.get('nobody')!.members];
    for (const part of [...parts, tenants!.get('acme')!, tenants!.get('acme')!.workspaces!, local!, local!.roles])
      expect(Object.isFrozen(part)).toBe(true);
    for (const map of [roles, tenants!] as unknown as Map<string, unknown>[])
      expect(() => map.delete('developer')).toThrow(TypeError);
  });

  it.each(['{}', 'roles:\ntenants:\nlocal:\n', 'tools: {}'])('are absent in %j', (text) => {
    const policy = parsePolicy(text);
    expect(Object.keys(policy)).toEqual(['modes', 'tools', 'roles']);
    expect(policy.roles.size).toBe(0);
  });

  it('that are an empty mapping are not absent: no tenant may call then', () => {
    const { tenants, local } = parsePolicy('tenants: {}\nlocal: {}');
    expect([tenants?.size, local]).toEqual([0, { roles: [] }]);
  });

  it('without scopes of the local one are told from those with none', () => {
    expect(parsePolicy('local: { scopes: [] }').local).toEqual({ roles: [], scopes: [] });
    expect(Object.keys(parsePolicy('local: {}').local!)).toEqual(['roles']);
  });

  it.each([
    ['roles: [a]', 'roles'],
    ['roles: { a: [x] }', 'roles.a'],
    ['roles: { "a b": {} }', 'roles.a b'],
    ['roles: { "": {} }', 'roles.'],
    [`roles: { ${'r'.repeat(201)}: {} }`, `roles.${'r'.repeat(64)}…`],
    ['roles: { a: { scope: ["x:y"] } }', 'roles.a.scope'],
    ['roles: { a: { scopes: "files:read" } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: [files] } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: ["*:read"] } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: ["files:read "] } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: ["Files:read"] } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: [5] } }', 'roles.a.scopes'],
    ['roles: { a: { scopes: [["x:y"]] } }', 'roles.a.scopes'],
    ['roles: { a: { members: bob } }', 'roles.a.members'],
    ['roles: { a: { members: [""] } }', 'roles.a.members'],
    ['roles: { a: { members: ["a\\nb"] } }', 'roles.a.members'],
    [`roles: { a: { members: [${'m'.repeat(513)}] } }`, 'roles.a.members'],
    [`roles: { a: { members: [${'m,'.repeat(10_001)}] } }`, 'roles.a.members'],
    ['tenants: [a]', 'tenants'],
    ['tenants: { a: 1 }', 'tenants.a'],
    ['tenants: { "a/b": {} }', 'tenants.a/b'],
    ['tenants: { a: { workspace: [x] } }', 'tenants.a.workspace'],
    ['tenants: { a: { workspaces: x } }', 'tenants.a.workspaces'],
    ['tenants: { a: { workspaces: ["a/b"] } }', 'tenants.a.workspaces'],
    ['tenants: { a: { calls_per_window: 0 } }', 'tenants.a.calls_per_window'],
    ['tenants: { a: { calls_per_window: 65536 } }', 'tenants.a.calls_per_window'],
    ['tenants: { a: { calls_per_window: "5" } }', 'tenants.a.calls_per_window'],
    ['tenants: { a: { concurrent_calls: 0 } }', 'tenants.a.concurrent_calls'],
    ['tenants: { a: { concurrent_calls: 1.5 } }', 'tenants.a.concurrent_calls'],
    ['tenants: { a: { concurrent_calls: } }', 'tenants.a.concurrent_calls'],
    ['local: [a]', 'local'],
    ['local: true', 'local'],
    ['local: { tenants: a }', 'local.tenants'],
    ['local: { tenant: "" }', 'local.tenant'],
    ['local: { tenant: [a] }', 'local.tenant'],
    ['local: { tenant: "a b" }', 'local.tenant'],
    ['local: { roles: developer }', 'local.roles'],
    ['local: { scopes: [read] }', 'local.scopes'],
    ['tools: { x: { approver: anybody } }', 'tools.x.approver'],
    ['tools: { x: { approver: } }', 'tools.x.approver'],
    ['tools: { x: { approver: [other] } }', 'tools.x.approver'],
  ])('are refused as in %s', (text, place) => {
    expect(problemsOf(text).map((problem) => problem.split(': ')[0])).toEqual([place]);
  });

  it('cannot have a local role that is not there, and are told so without the value of another setting', () => {
    expect(problemsOf('roles: { developer: {} }\nlocal: { roles: [developer, admin] }')).toEqual([
      'local.roles: there is no role admin',
    ]);
    expect(problemsOf('local: { roles: [constructor] }')).toEqual(['local.roles: there is no role constructor']);
  });
});
