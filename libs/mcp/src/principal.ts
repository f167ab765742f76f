/** Who calls. Part of every cache key, audit record, handle and signed state. */
export interface Principal {
  /** Stable id of the caller within the tenant. */
  readonly subject: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  /** Services that act for the subject, outermost last. */
  readonly actors: readonly string[];
}

/** The caller when no authentication is configured: stdio, or HTTP on loopback outside production. */
export const LOCAL_PRINCIPAL: Principal = Object.freeze({
  subject: 'local',
  tenant: 'local',
  scopes: Object.freeze(['*']) as readonly string[],
  actors: Object.freeze([]) as readonly string[],
});

/** One string per caller, unambiguous: no subject or tenant can spell another pair. */
export const principalKey = (principal: Principal): string => JSON.stringify([principal.tenant, principal.subject]);
