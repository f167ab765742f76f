import { beforeEach, describe, expect, it } from '@jest/globals';
import { ServerError } from '@app/mcp';
import { KeyValueStore, MemoryKeyValueStore } from '@app/storage';
import { Authenticator } from './authenticator.js';
import { ClientAddress } from './client-address.js';
import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';
import { RevokedTokens } from './revoked-tokens.js';
import { TokenVerifier } from './token-verifier.js';
import { VerifiedTokens } from './verified-tokens.js';

let nowMs: number;
beforeEach(() => {
  nowMs = 1_000_000;
});

/** Every token that begins with `good` is its own subject, and lives for a minute. */
class CountingVerifier extends TokenVerifier {
  runs = 0;
  override accepts(): boolean {
    return true;
  }
  override verify(token: string): Promise<Identity> {
    this.runs++;
    if (!token.startsWith('good')) throw new CredentialRefused('bad');
    return Promise.resolve({
      subject: token,
      tenant: 't',
      scopes: [],
      roles: [],
      actors: [],
      method: 'token',
      tokenId: `id of ${token}`,
      expiresAt: nowMs + 60_000,
    });
  }
}

function make({ verifiedTokens = 100, store = new MemoryKeyValueStore() as KeyValueStore } = {}) {
  const verifier = new CountingVerifier();
  const revoked = new RevokedTokens(store);
  const tokens = new VerifiedTokens({ verifiedTokens }, () => nowMs);
  const authenticator = new Authenticator({ tokens: [verifier], revoked }, tokens, new ClientAddress([]));
  const proofOf = (token: string) => ({ authorization: `Bearer ${token}`, headers: {}, remoteAddress: '' });
  return {
    verifier,
    revoked,
    tokens,
    known: (token: string) => authenticator.known(proofOf(token))?.subject,
    kind: async (token: string) => (await authenticator.verify(proofOf(token))).kind,
  };
}

describe('verified tokens', () => {
  it('are verified once in their life, and again when it is over', async () => {
    const { verifier, known, kind } = make();
    expect(known('good')).toBeUndefined();
    for (let call = 0; call < 5; call++) expect(await kind('good')).toBe('caller');
    expect([verifier.runs, known('good')]).toEqual([1, 'good']);
    nowMs += 60_000;
    expect(known('good')).toBeUndefined();
    await kind('good');
    expect(verifier.runs).toBe(2);
  });

  it('that were refused are not kept', async () => {
    const { tokens, kind } = make();
    expect(await kind('bad')).toBe('refused');
    expect(tokens.size).toBe(0);
  });

  it('are no more than verifiedTokens', async () => {
    const { tokens, kind } = make({ verifiedTokens: 3 });
    for (let each = 0; each < 10; each++) await kind(`good${each}`);
    expect(tokens.size).toBe(3);
  });

  it('that are revoked count for a second at most', async () => {
    const { revoked, known, kind } = make();
    await kind('good');
    await revoked.revoke('id of good', 60_000);
    nowMs += 1_000;
    expect(known('good')).toBeUndefined();
    expect(await kind('good')).toBe('refused');
    expect(await kind('good')).toBe('refused');
    expect(await kind('good2')).toBe('caller');
  });

  it('are not trusted while nobody can say whether they were revoked', async () => {
    const store = new MemoryKeyValueStore();
    const { known, kind } = make({ store });
    await kind('good');
    store.get = () => Promise.reject(new ServerError('POLICY_UNAVAILABLE', 'No answer.'));
    expect(known('good')).toBe('good');
    nowMs += 1_000;
    expect(known('good')).toBeUndefined();
    await expect(kind('good')).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
  });

  it('are not trusted for longer by a clock that is set back', async () => {
    const { known, kind } = make();
    await kind('good');
    nowMs -= 500;
    expect(known('good')).toBeUndefined();
  });
});
