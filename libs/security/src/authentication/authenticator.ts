import { CallerVerifier, type RequestProof, type Verified } from '../access/caller-verifier.js';
import type { ApiKeys } from './api-keys.js';
import { certificateIdentity } from './client-certificate.js';
import type { ClientAddress } from './client-address.js';
import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';
import type { RevokedTokens } from './revoked-tokens.js';
import type { TokenVerifier } from './token-verifier.js';
import type { VerifiedTokens } from './verified-tokens.js';

/** One scheme, one space, one token: what is written otherwise another reader could read otherwise. */
const BEARER = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

export interface Ways {
  /** Tried in this order: the first that takes a token of its kind decides. */
  readonly tokens: readonly TokenVerifier[];
  /** Verifies what a proxy hands on as the token of the caller. */
  readonly gateway?: { readonly header: string; readonly verifier: TokenVerifier };
  readonly certificateHeader?: string;
  readonly revoked: RevokedTokens;
  readonly keys?: ApiKeys;
}

/** Who makes a request, by any of the ways that are configured. */
export class Authenticator extends CallerVerifier {
  constructor(
    private readonly ways: Ways,
    private readonly verified: VerifiedTokens,
    private readonly addresses: ClientAddress,
  ) {
    super();
  }

  override known({ authorization }: RequestProof): Identity | undefined {
    const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
    if (token === undefined) return undefined;
    const found = this.verified.find(token);
    return found?.isTrusted === true ? found.identity : undefined;
  }

  override async verify(proof: RequestProof): Promise<Verified> {
    const hadCredentials = proof.authorization !== undefined;
    try {
      return { kind: 'caller', caller: await this.identify(proof) };
    } catch (error) {
      if (error instanceof CredentialRefused) return { kind: 'refused', reason: error.reason, hadCredentials };
      throw error;
    }
  }

  override addressOf(proof: RequestProof): string {
    return this.addresses.keyOf(proof);
  }

  private async identify(proof: RequestProof): Promise<Identity> {
    // What the caller shows himself counts before what a proxy says of him.
    if (proof.authorization !== undefined) {
      const token = BEARER.exec(proof.authorization)?.[1];
      if (token === undefined) throw new CredentialRefused('an Authorization header that is no bearer token');
      return this.bearer(token);
    }
    const { gateway, certificateHeader } = this.ways;
    if (this.addresses.isTrusted(proof.remoteAddress)) {
      const token = gateway && single(proof, gateway.header);
      if (gateway !== undefined && token !== undefined) return this.remembered(token, gateway.verifier);
      const certificate = certificateHeader && single(proof, certificateHeader);
      if (certificate !== undefined) return certificateIdentity(certificate);
    }
    throw new CredentialRefused('nothing was shown');
  }

  private bearer(token: string): Promise<Identity> {
    const verifier = this.ways.tokens.find((each) => each.accepts(token));
    if (verifier === undefined) throw new CredentialRefused('no token of a kind that is accepted');
    return this.remembered(token, verifier);
  }

  private async remembered(token: string, verifier: TokenVerifier): Promise<Identity> {
    const found = this.verified.find(token);
    if (found !== undefined) {
      if (!found.isTrusted) await this.confirm(token, found.identity);
      return found.identity;
    }
    const identity = await verifier.verify(token);
    await this.confirm(token, identity);
    this.verified.add(token, identity);
    return identity;
  }

  /** @throws CredentialRefused when it was revoked; ServerError POLICY_UNAVAILABLE when that cannot be known */
  private async confirm(token: string, { tokenId, method }: Identity): Promise<void> {
    if (tokenId === undefined) return this.verified.confirm(token);
    const isGood =
      method === 'api_key' ? await this.ways.keys!.isValid(tokenId) : !(await this.ways.revoked.isRevoked(tokenId));
    if (isGood) return this.verified.confirm(token);
    this.verified.forget(token);
    throw new CredentialRefused('it was revoked');
  }
}

/** A header that was sent twice has two values, and two readers could each take another one. */
function single({ headers }: RequestProof, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new CredentialRefused(`the header ${name} was sent twice`);
  return value;
}
