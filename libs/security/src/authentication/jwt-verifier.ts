import type { CallerProof } from '@app/mcp';
import { compactVerify, errors } from 'jose';
import { type ClaimRules, identityOf } from './claims.js';
import { isCompact, readCompact } from './compact-token.js';
import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';
import type { SigningKeys } from './signing-keys.js';
import { TokenVerifier } from './token-verifier.js';

/** Signed tokens of the issuer. */
export class JwtVerifier extends TokenVerifier {
  /** @param now milliseconds since 1970 */
  constructor(
    private readonly keys: SigningKeys,
    private readonly rules: ClaimRules,
    private readonly method: CallerProof = 'token',
    private readonly now: () => number = Date.now,
  ) {
    super();
  }

  override accepts(token: string): boolean {
    return isCompact(token);
  }

  override async verify(token: string): Promise<Identity> {
    const { header, claims } = readCompact(token);
    if (!this.keys.algorithms.includes(header['alg'] as string)) throw new CredentialRefused('another algorithm');
    // The claims are the cheaper part, and say nothing until the signature holds: no key is looked for in vain.
    const identity = identityOf(claims, this.rules, this.method, Math.floor(this.now() / 1_000));
    const key = await this.keys.find(header);
    try {
      await compactVerify(token, key, { algorithms: [...this.keys.algorithms] });
    } catch (cause) {
      if (cause instanceof errors.JOSEError || cause instanceof TypeError)
        throw new CredentialRefused('a signature that does not hold', { cause });
      throw cause;
    }
    return identity;
  }
}
