import type { AuthInfo, ServerContext } from '@modelcontextprotocol/server';
import type { Principal } from '@app/mcp';
import type { CallSource, Quota } from '@app/pipeline';

/** Who makes a request: every request over HTTP brings its own proof, a stdio connection has one caller. */
export type CallerOf = (ctx: ServerContext) => Principal | Promise<Principal>;

/** What the edge knows of one request, and its handlers need. */
export interface EdgeFacts {
  readonly principal: Principal;
  readonly source?: CallSource;
  readonly onQuota?: (quota: Quota) => void;
}

/** The SDK hands identity through as its own type; ours rides in `extra`. */
export const toAuthInfo = (facts: EdgeFacts): AuthInfo => ({
  token: '',
  clientId: facts.principal.subject,
  scopes: [...facts.principal.scopes],
  extra: { facts },
});

/** @throws Error where a request got past the edge */
export function edgeFactsOf(authInfo: AuthInfo | undefined): EdgeFacts {
  const facts = authInfo?.extra?.['facts'];
  if (facts === undefined) throw new Error('a request reached the protocol without a caller');
  return facts as EdgeFacts;
}

export const callerOverHttp: CallerOf = (ctx) => edgeFactsOf(ctx.http?.authInfo).principal;
