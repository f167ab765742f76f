import type { PolicySettings } from '@app/config';
import { type Principal, ServerError } from '@app/mcp';
import { ALL_SCOPES, allows, isMapped } from '@app/security';

/** Held by name, it makes an operator one of all tenants. `*` and `admin:*` do not mean it. */
export const OVER_ALL = 'admin:admin';

/**
 * Whether an operator sees and changes what belongs to all tenants: who holds `admin:admin` by name does, and the local
 * caller with everything; `*` of a tenant's own caller is everything in his tenant.
 */
const isOverAll = ({ scopes, via }: Principal): boolean =>
  scopes.includes(OVER_ALL) || (via === 'none' && scopes.includes(ALL_SCOPES));

/** The tenant an operator is confined to; undefined for one who is not. */
export const reachOf = (operator: Principal): string | undefined => (isOverAll(operator) ? undefined : operator.tenant);

/** @throws ServerError FORBIDDEN for an operator who is confined to a tenant */
export function checkOverAll(operator: Principal): void {
  if (!isOverAll(operator)) throw new ServerError('FORBIDDEN', `The caller lacks the scope ${OVER_ALL}.`);
}

/** @throws ServerError FORBIDDEN for what is another tenant's */
export function checkReaches(operator: Principal, tenant: string): void {
  if (!isOverAll(operator) && tenant !== operator.tenant)
    throw new ServerError('FORBIDDEN', 'That belongs to another tenant.');
}

/** What a key lets its holder be. */
export interface HandedOn {
  readonly tenant: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/**
 * Nobody hands on more than he has: by scopes, by roles, or by a subject that has roles without being given them. Who is
 * confined to a tenant gives no roles at all: what they mean can change.
 * @throws ServerError FORBIDDEN
 */
export function checkHandsOn(operator: Principal, given: HandedOn, { roles }: Pick<PolicySettings, 'roles'>): void {
  checkReaches(operator, given.tenant);
  if (given.roles.length > 0 && !isOverAll(operator))
    throw new ServerError('FORBIDDEN', `Roles are given by who holds ${OVER_ALL}.`);
  if (!given.roles.every((role) => roles.has(role))) throw new ServerError('FORBIDDEN', 'The policy has no such role.');
  const { tenant, subject } = given;
  const meant = [...roles].filter(
    ([name, { members }]) =>
      given.roles.includes(name) || members.includes(subject) || members.includes(`${tenant}/${subject}`),
  );
  for (const scope of [...given.scopes, ...meant.flatMap(([, role]) => role.scopes)])
    if (!holds(operator, scope)) throw new ServerError('FORBIDDEN', `The caller lacks the scope ${scope} himself.`);
}

function holds(operator: Principal, scope: string): boolean {
  const { scopes: own } = operator;
  if (scope === OVER_ALL) return isOverAll(operator);
  // One that means nothing here is refused for that by whoever makes the key.
  if (!isMapped(scope)) return isOverAll(operator);
  if (own.includes(ALL_SCOPES) || own.includes(scope)) return true;
  const [family, action] = scope.split(':');
  if (family === undefined || action === undefined || action === '*') return false;
  return own.some(isMapped) && allows(own, family, action as Parameters<typeof allows>[2]);
}
