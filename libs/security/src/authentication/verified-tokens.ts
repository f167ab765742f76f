import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Limits } from '@app/config';
import type { Identity } from './identity.js';

/** An identity is taken from here for so long before it is asked again whether it was revoked. */
const TRUSTED_MS = 1_000;

interface Entry {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
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
    private readonly now: () => number = Date.now,
  ) {
    this.entries = new LRUCache({ max: verifiedTokens });
  }

  find(token: string): Remembered | undefined {
    const key = keyOf(token);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const { identity, checkedAt } = entry;
    const now = this.now();
    if (identity.expiresAt !== undefined && identity.expiresAt <= now) {
      this.entries.delete(key);
      return undefined;
    }
    // A clock that was set back must not make anything trusted for longer.
    return { identity, isTrusted: now - checkedAt < TRUSTED_MS && now >= checkedAt };
  }

  add(token: string, identity: Identity): void {
    this.entries.set(keyOf(token), { identity, checkedAt: this.now() });
  }

  /** It was asked, and is not revoked. */
  confirm(token: string): void {
    const entry = this.entries.get(keyOf(token));
    if (entry !== undefined) entry.checkedAt = this.now();
  }

  forget(token: string): void {
    this.entries.delete(keyOf(token));
  }

  get size(): number {
    return this.entries.size;
  }
}

const keyOf = (token: string): string => hash('sha256', token);
