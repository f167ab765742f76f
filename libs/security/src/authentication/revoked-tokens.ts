import { hash } from 'node:crypto';
import { ServerError } from '@app/mcp';
import { KeyValueStore } from '@app/storage';

const MAX_ID_CHARS = 255;

/**
 * Tokens that do not count although they are genuine, by their `jti`: a token's text has more than one spelling, its
 * id has one. What is revoked is refused within a second by every server that shares the store.
 */
export class RevokedTokens {
  constructor(private readonly store: KeyValueStore) {}

  /**
   * @param forMs at least as long as the token would live
   * @throws ServerError POLICY_UNAVAILABLE when it could not be kept
   */
  async revoke(tokenId: string, forMs: number): Promise<void> {
    if (tokenId === '' || tokenId.length > MAX_ID_CHARS)
      throw new ServerError('INVALID_ARGUMENT', `The id of a token has 1 to ${MAX_ID_CHARS} characters.`);
    await this.store.put(keyOf(tokenId), 'revoked', forMs);
  }

  /** @throws ServerError POLICY_UNAVAILABLE when it cannot be known: whoever asks refuses then */
  async isRevoked(tokenId: string): Promise<boolean> {
    return (await this.store.get(keyOf(tokenId))) !== undefined;
  }
}

const keyOf = (tokenId: string): string => `revoked:${hash('sha256', tokenId)}`;
