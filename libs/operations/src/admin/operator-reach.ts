import { type Principal, ServerError } from '@app/mcp';
import { ALL_SCOPES, allows, isMapped } from '@app/security';

/**
 * Whether an operator sees and changes what belongs to all tenants: who holds `admin:admin` by name does, and the local
 * caller with everything; `*` of a tenant's own caller is everything in his tenant.
 */
const isOverAll = ({ scopes, via }: Principal): boolean =>
  scopes.includes('admin:admin') || (via === 'none' && scopes.includes(ALL_SCOPES));

/** The tenant an operator is confined to; undefined for one who is not. */
export const reachOf = (operator: Principal): string | undefined => (isOverAll(operator) ? undefined : operator.tenant);

/**
 * Nobody hands on more than he has.
 * @throws ServerError FORBIDDEN for scopes the operator does not hold, for roles, which could mean any scope, and for
 * another tenant
 */
export function checkHandsOn(
  operator: Principal,
  given: { readonly tenant: string; readonly scopes: readonly string[]; readonly roles: readonly string[] },
): void {
  if (isOverAll(operator)) return;
  if (given.tenant !== operator.tenant) throw new ServerError('FORBIDDEN', 'The key would be of another tenant.');
  if (given.roles.length > 0) throw new ServerError('FORBIDDEN', 'Roles are given by who holds admin:admin.');
  const beyond = given.scopes.find((scope) => !holds(operator.scopes, scope));
  if (beyond !== undefined) throw new ServerError('FORBIDDEN', `The caller lacks the scope ${beyond} himself.`);
}

function holds(own: readonly string[], scope: string): boolean {
  if (own.includes(scope)) return true;
  const [family, action] = scope.split(':');
  if (!isMapped(scope) || family === undefined || action === undefined || action === '*') return false;
  return own.some(isMapped) && allows(own, family, action as Parameters<typeof allows>[2]);
}
