import type { Principal, Risk } from '@app/mcp';
import { type Access, type AccessVerdict, Authorizer } from './authorizer.js';

/** The action of a scope that each risk asks for, e.g. `files:write`. */
const ACTIONS: Readonly<Record<Risk, string>> = {
  read: 'read',
  write: 'write',
  execute: 'execute',
  destructive: 'write',
};
const ALLOWED: AccessVerdict = { allowed: true };

/**
 * Decides by the scopes the caller came with: `family:action`, `family:*`, or `*` for everything. A caller without
 * any scope may only read.
 */
export class ScopeAuthorizer extends Authorizer {
  override decide({ scopes }: Principal, { family, risk }: Access): AccessVerdict {
    if (scopes.includes('*') || (scopes.length === 0 && risk === 'read')) return ALLOWED;
    const scope = `${family}:${ACTIONS[risk]}`;
    if (scopes.includes(scope) || scopes.includes(`${family}:*`)) return ALLOWED;
    return { allowed: false, missingScope: scope };
  }
}
