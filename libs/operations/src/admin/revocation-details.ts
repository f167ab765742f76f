import { hash } from 'node:crypto';

/** What the record of a revocation says: the sha256 of the `jti` in hex, which whoever knows the token finds again. */
export const revocationDetails = (
  tokenId: string,
  forMs: number,
): { readonly jtiDigest: string; readonly forMs: number } => ({
  jtiDigest: hash('sha256', tokenId),
  forMs,
});
