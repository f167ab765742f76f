import { CredentialRefused } from './credential-refused.error.js';
import { type ClaimRules, identityOf } from './claims.js';
import type { Identity } from './identity.js';
import type { IssuerClient } from './issuer-client.js';
import { TokenVerifier } from './token-verifier.js';

const TOKEN = /^[A-Za-z0-9._~+/-]{1,4096}=*$/;

export interface IntrospectionSettings {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Tokens the issuer is asked about (RFC 7662): whatever text it gives out as a token. */
export class IntrospectionVerifier extends TokenVerifier {
  /** @param now milliseconds since 1970 */
  constructor(
    private readonly settings: IntrospectionSettings,
    private readonly rules: ClaimRules,
    private readonly client: IssuerClient,
    private readonly now: () => number = Date.now,
  ) {
    super();
  }

  override accepts(token: string): boolean {
    return TOKEN.test(token);
  }

  override async verify(token: string): Promise<Identity> {
    const { url, clientId, clientSecret } = this.settings;
    const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    const answer = await this.client.json(url, {
      method: 'POST',
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
    });
    if (answer?.['active'] !== true) throw new CredentialRefused('not active');
    // The issuer answers for itself, so that it need not name itself.
    const claims = { iss: this.rules.issuer, ...answer };
    return identityOf(claims, this.rules, 'introspection', Math.floor(this.now() / 1_000));
  }
}
