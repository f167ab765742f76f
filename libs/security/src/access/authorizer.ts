import type { Principal, Risk, ScopeAction } from '@app/mcp';

/** What a call needs. */
export interface Access {
  readonly operation: string;
  /** Scope family of the toolset, e.g. `files`. */
  readonly family: string;
  readonly risk: Risk;
  /** Action of the scope, where the risk does not tell it. */
  readonly action?: ScopeAction;
}

export type AccessVerdict = { readonly allowed: true } | { readonly allowed: false; readonly missingScope: string };

/** Says whether a caller may make a call. The same decision lists what he may. One that throws denies. */
export abstract class Authorizer {
  abstract decide(principal: Principal, access: Access): AccessVerdict | Promise<AccessVerdict>;
}
