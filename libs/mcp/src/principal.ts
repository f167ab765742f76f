/** Who calls. Part of every cache key, audit record, handle and signed state. */
export interface Principal {
  /** Stable id of the caller within the tenant. */
  readonly subject: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  /** Services that act for the subject, outermost last. */
  readonly actors: readonly string[];
  /** How the caller proved who he is. */
  readonly via?: CallerProof;
}

export const CALLER_PROOFS = ['none', 'token', 'introspection', 'api_key', 'gateway', 'client_certificate'] as const;
export type CallerProof = (typeof CALLER_PROOFS)[number];

/** The caller when no authentication is configured: stdio, or HTTP on loopback outside production. */
export const LOCAL_PRINCIPAL: Principal = Object.freeze({
  subject: 'local',
  tenant: 'local',
  scopes: Object.freeze(['*']) as readonly string[],
  actors: Object.freeze([]) as readonly string[],
  via: 'none',
});

/** One string per caller, unambiguous: no subject or tenant can spell another pair. */
export function principalKey(principal: Principal): string {
  let key = KEYS.get(principal);
  if (key === undefined) KEYS.set(principal, (key = JSON.stringify([principal.tenant, principal.subject])));
  return key;
}
/** One caller makes many calls. */
const KEYS = new WeakMap<Principal, string>();
