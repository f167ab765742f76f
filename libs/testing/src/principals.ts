import type { Principal } from '@app/mcp';

const principal = (subject: string, tenant: string, scopes: readonly string[]): Principal => ({
  subject,
  tenant,
  scopes,
  actors: [],
});

/** Callers for tests: two tenants, and one who may only read. */
export const ALICE = principal('alice', 'acme', ['*']);
export const BOB = principal('bob', 'globex', ['*']);
export const READER = principal('rita', 'acme', ['files:read']);
