import type { Principal, Risk } from '@app/mcp';

/** What a call needs. */
export interface Access {
  readonly operation: string;
  /** Scope family of the toolset, e.g. `files`. */
  readonly family: string;
  readonly risk: Risk;
}

export type AccessVerdict = { readonly allowed: true } | { readonly allowed: false; readonly missingScope: string };

/** Says whether a caller may make a call. One that throws denies. */
export abstract class Authorizer {
  abstract decide(principal: Principal, access: Access): AccessVerdict | Promise<AccessVerdict>;
}
