import type { CryptoKey, JWSHeaderParameters } from 'jose';

/** Where the keys come from that tokens are verified with. */
export abstract class SigningKeys {
  /** The only algorithms a token may be signed with. */
  abstract readonly algorithms: readonly string[];
  /** @throws CredentialRefused where there is no such key; ServerError POLICY_UNAVAILABLE when that cannot be known */
  abstract find(header: JWSHeaderParameters): Promise<CryptoKey | Uint8Array>;
}

/** Public keys only: a token that is signed with the text of one as a secret is none of these. */
export const ASYMMETRIC: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
