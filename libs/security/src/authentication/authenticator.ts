import { CallerVerifier, type RequestProof, type Verified } from '../access/caller-verifier.js';
import type { ApiKeys } from './api-keys.js';
import { certificateIdentity } from './client-certificate.js';
import type { ClientAddress } from './client-address.js';
import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';
import type { RevokedTokens } from './revoked-tokens.js';
import type { TokenVerifier } from './token-verifier.js';
import { TRUSTED_MS, type VerifiedTokens } from './verified-tokens.js';

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

/** A question under way: whoever shows the same meanwhile waits for the same answer. */
interface Asking {
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly answer: Promise<Identity>;
}

/** Who makes a request, by any of the ways that are configured. */
export class Authenticator extends CallerVerifier {
  private readonly asking = new Map<string, Asking>();

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
      if (gateway !== undefined && token !== undefined)
        // Remembered apart: no bearer token has a colon.
        return this.remembered(token, gateway.verifier, `gateway:${token}`);
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

  private remembered(token: string, verifier: TokenVerifier, key = token): Promise<Identity> {
    const found = this.verified.find(key);
    if (found?.isTrusted === true) return Promise.resolve(found.identity);
    const askedAt = this.verified.now();
    const asking = this.asking.get(key);
    const ageMs = asking && askedAt - asking.askedAt;
    if (ageMs !== undefined && ageMs >= 0 && ageMs < TRUSTED_MS) return asking!.answer;
    const answer = this.ask(token, verifier, key, askedAt).finally(() => {
      if (this.asking.get(key)?.answer === answer) this.asking.delete(key);
    });
    this.asking.set(key, { askedAt, answer });
    return answer;
  }

  private async ask(token: string, verifier: TokenVerifier, key: string, askedAt: number): Promise<Identity> {
    const found = this.verified.find(key)?.identity;
    const identity = found ?? (await verifier.verify(token));
    if (await this.isRevoked(identity)) {
      this.verified.forget(key);
      throw new CredentialRefused('it was revoked');
    }
    if (found === undefined) this.verified.add(key, identity, askedAt);
    else this.verified.confirm(key, askedAt);
    return identity;
  }

  /** @throws ServerError POLICY_UNAVAILABLE when it cannot be known */
  private async isRevoked({ tokenId, method }: Identity): Promise<boolean> {
    if (tokenId === undefined) return false;
    return method === 'api_key' ? !(await this.ways.keys!.isValid(tokenId)) : this.ways.revoked.isRevoked(tokenId);
  }
}

/** A header that was sent twice has two values, and two readers could each take another one. */
function single({ headers }: RequestProof, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new CredentialRefused(`the header ${name} was sent twice`);
  return value;
}
