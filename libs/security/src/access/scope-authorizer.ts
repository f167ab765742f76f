import type { Principal } from '@app/mcp';
import { type Access, type AccessVerdict, Authorizer } from './authorizer.js';
import { actionFor, allows } from './scopes.js';

const ALLOWED: AccessVerdict = { allowed: true };

/**
 * Decides by the scopes the caller came with: `family:action`, `family:*`, or `*` for everything. `write` includes
 * `read`, and `admin` both. A caller without any scope of this server may only read.
 */
export class ScopeAuthorizer extends Authorizer {
  override decide({ scopes }: Principal, { family, risk, action: given }: Access): AccessVerdict {
    const action = actionFor(risk, given);
    return allows(scopes, family, action) ? ALLOWED : { allowed: false, missingScope: `${family}:${action}` };
  }
}
