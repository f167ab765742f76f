import type { AuthSettings } from '@app/config';
import { CallerVerifier, type ProvenCaller, type RequestProof, type Verified } from '@app/security';
import type { StagedServer } from '../wcgw/staged-server.js';

/** So that callers have to say who they are; nobody is asked at that address. */
export const AUTHENTICATED: Partial<AuthSettings> = {
  issuer: 'https://issuer.example.com',
  jwksUrl: 'http://127.0.0.1:9/jwks',
  audience: ['https://mcp.example.com/mcp'],
  resource: 'https://mcp.example.com/mcp',
};

const caller = (subject: string, tenant: string, scopes: readonly string[]): ProvenCaller => ({
  subject,
  tenant,
  scopes,
  roles: [],
  actors: [],
  method: 'token',
});

/** Who shows which token. */
const CALLERS: Readonly<Record<string, ProvenCaller>> = {
  alice: caller('alice', 'acme', ['*']),
  anna: caller('anna', 'acme', ['*']),
  rita: caller('rita', 'acme', ['callers:read']),
  stranger: caller('stranger', 'acme', ['openid']),
  auditor: caller('auditor', 'acme', ['admin:read']),
  operator: caller('operator', 'acme', ['admin:write', 'callers:write']),
  chief: caller('chief', 'acme', ['admin:admin']),
  bob: caller('bob', 'globex', ['*']),
};

/** Lets a server take the name of a caller for his token: what comes after is under test, not tokens. */
export function knowCallers(server: StagedServer): void {
  const verify = ({ authorization }: RequestProof): Promise<Verified> => {
    const found = CALLERS[authorization?.replace('Bearer ', '') ?? ''];
    const hadCredentials = authorization !== undefined;
    return Promise.resolve(
      found === undefined ? { kind: 'refused', reason: 'test', hadCredentials } : { kind: 'caller', caller: found },
    );
  };
  Object.assign(server.probe.get(CallerVerifier as never) as CallerVerifier, {
    verify,
    known: () => undefined,
    addressOf: ({ headers, remoteAddress }: RequestProof) => String(headers['x-test-address'] ?? remoteAddress),
  });
}
