import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Limits } from '@app/config';
import type { Identity } from './identity.js';

/** An identity is taken from here for so long before it is asked again whether it was revoked. */
export const TRUSTED_MS = 1_000;
/** What only the issuer knows it is asked again after this time, for it can take back what it gave out. */
const INTROSPECTED_MS = 60_000;

interface Entry {
  readonly identity: Identity;
  /** Milliseconds since 1970, both. */
  readonly addedAt: number;
  checkedAt: number;
}

export type Remembered =
  /** @property isTrusted false: it has to be asked first whether it was revoked */
  { readonly identity: Identity; readonly isTrusted: boolean };

/**
 * Tokens that were found good, so that a call does not pay for a signature twice. By digest: the memory of this
 * process holds no token. An entry ends with its token.
 */
export class VerifiedTokens {
  private readonly entries: LRUCache<string, Entry>;

  constructor(
    { verifiedTokens }: Pick<Limits, 'verifiedTokens'>,
    readonly now: () => number = Date.now,
  ) {
    this.entries = new LRUCache({ max: verifiedTokens });
  }

  find(token: string): Remembered | undefined {
    const key = keyOf(token);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const { identity, addedAt, checkedAt } = entry;
    const now = this.now();
    const hasExpired = identity.expiresAt !== undefined && identity.expiresAt <= now;
    if (hasExpired || (identity.method === 'introspection' && now - addedAt >= INTROSPECTED_MS)) {
      this.entries.delete(key);
      return undefined;
    }
    // A clock that was set back must not make anything trusted for longer.
    return { identity, isTrusted: now - checkedAt < TRUSTED_MS && now >= checkedAt };
  }

  /** @param askedAt before it was asked: what is revoked while the answer is on its way is not in the answer */
  add(token: string, identity: Identity, askedAt: number): void {
    this.entries.set(keyOf(token), { identity, addedAt: askedAt, checkedAt: askedAt });
  }

  /** It was asked, and is not revoked. @param askedAt as in `add` */
  confirm(token: string, askedAt: number): void {
    const entry = this.entries.get(keyOf(token));
    if (entry !== undefined) entry.checkedAt = askedAt;
  }

  forget(token: string): void {
    this.entries.delete(keyOf(token));
  }

  get size(): number {
    return this.entries.size;
  }
}

const keyOf = (token: string): string => hash('sha256', token);
