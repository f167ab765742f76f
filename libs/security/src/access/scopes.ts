import { type Risk, SCOPE_ACTIONS, type ScopeAction } from '@app/mcp';

/** The action of a scope that each risk asks for, e.g. `files:write`. */
const ACTION_OF: Readonly<Record<Risk, ScopeAction>> = {
  read: 'read',
  write: 'write',
  execute: 'execute',
  destructive: 'write',
};

/** Each action with all that allow it, itself included. */
const ALLOWED_BY: Readonly<Record<ScopeAction, readonly ScopeAction[]>> = {
  read: ['read', 'write', 'execute', 'admin'],
  write: ['write', 'admin'],
  execute: ['execute', 'admin'],
  remote: ['remote'],
  admin: ['admin'],
};

export const ALL_SCOPES = '*';
const MAPPED = new RegExp(`^(?:\\*|[a-z][a-z0-9_-]*:(?:\\*|${SCOPE_ACTIONS.join('|')}))$`);

/** Whether a scope is one of this server's; issuers grant others too, e.g. `openid`. */
export const isMapped = (scope: string): boolean => MAPPED.test(scope);

export const actionFor = (risk: Risk, action?: ScopeAction): ScopeAction => action ?? ACTION_OF[risk];

/** Whether the scopes allow an action in a family. A caller without any scope of this server may only read. */
export function allows(granted: readonly string[], family: string, action: ScopeAction): boolean {
  if (granted.includes(ALL_SCOPES) || granted.includes(`${family}:*`)) return true;
  if (ALLOWED_BY[action].some((each) => granted.includes(`${family}:${each}`))) return true;
  return action === 'read' && !granted.some(isMapped);
}
