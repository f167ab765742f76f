import type { ProvenCaller } from '../access/callers.js';

/** Who somebody proved to be, and for how long that holds. */
export interface Identity extends ProvenCaller {
  /** `jti` of the token, or the id of the key: what can be revoked. */
  readonly tokenId?: string;
  /** Milliseconds since 1970; absent: until it is revoked. */
  readonly expiresAt?: number;
}
