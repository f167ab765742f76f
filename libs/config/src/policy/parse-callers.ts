import { LocalPolicyFile, type PolicyFile, RolePolicyFile, TenantPolicyFile } from './policy-file.js';
import {
  frozenMap,
  type LocalPolicy,
  type PolicySettings,
  type RolePolicy,
  type TenantPolicy,
} from './policy-settings.js';
import { isGiven, present, readEntries, readMapping, shown } from './read-mapping.js';

/** What the file says of who calls: roles, tenants, and the caller that nobody has to authenticate. */
export function parseCallers(
  file: PolicyFile,
  problems: string[],
): Pick<PolicySettings, 'roles' | 'tenants' | 'local'> {
  const roles = frozenMap(readEntries(file.roles, 'roles', problems, readRole));
  return {
    roles,
    ...(isGiven(file.tenants) && {
      tenants: frozenMap(readEntries(file.tenants, 'tenants', problems, readTenant)),
    }),
    ...(isGiven(file.local) && { local: readLocal(file.local, roles, problems) }),
  };
}

function readRole(value: unknown, path: string, problems: string[]): RolePolicy {
  const { scopes = [], members = [] } = readMapping(RolePolicyFile, value, path, problems);
  return Object.freeze({ scopes: Object.freeze(scopes), members: Object.freeze(members) });
}

function readTenant(value: unknown, path: string, problems: string[]): TenantPolicy {
  const { workspaces, calls_per_window, concurrent_calls } = readMapping(TenantPolicyFile, value, path, problems);
  return present({
    workspaces: workspaces && Object.freeze(workspaces),
    callsPerWindow: calls_per_window,
    concurrentCalls: concurrent_calls,
  });
}

function readLocal(value: unknown, roles: ReadonlyMap<string, RolePolicy>, problems: string[]): LocalPolicy {
  const local = readMapping(LocalPolicyFile, value, 'local', problems);
  for (const role of Array.isArray(local.roles) ? local.roles : [])
    if (!roles.has(role)) problems.push(`local.roles: there is no role ${shown(String(role))}`);
  return present({
    tenant: local.tenant,
    roles: Object.freeze(local.roles ?? []),
    scopes: local.scopes && Object.freeze(local.scopes),
  });
}
