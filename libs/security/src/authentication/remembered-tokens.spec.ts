import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuthSettings } from '@app/config';
import { MemoryKeyValueStore } from '@app/storage';
import { TestIssuer } from '@app/testing';
import { Authenticator } from './authenticator.js';
import { ClientAddress } from './client-address.js';
import { IssuerClient } from './issuer-client.js';
import { JwtVerifier } from './jwt-verifier.js';
import { PublishedKeys } from './published-keys.js';
import { RevokedTokens } from './revoked-tokens.js';
import { VerifiedTokens } from './verified-tokens.js';

const AUDIENCE = 'https://mcp.example.com/mcp';

/** A store that is counted, and whose answers can take time. */
class Store extends MemoryKeyValueStore {
  asked = 0;
  onGet: () => void = () => undefined;

  override get(key: string): Promise<string | undefined> {
    this.asked++;
    const found = super.get(key);
    this.onGet();
    return found;
  }
}

describe('a token that is remembered', () => {
  let issuer: TestIssuer;
  let time: number;
  let store: Store;
  let authenticator: Authenticator;
  beforeAll(async () => {
    issuer = await TestIssuer.start(AUDIENCE);
  });
  afterAll(() => issuer.stop());
  beforeEach(() => {
    time = Date.now();
    store = new Store();
    authenticator = make();
  });

  function make(): Authenticator {
    const rules = Object.assign(new AuthSettings(), {
      issuer: issuer.url,
      audience: [AUDIENCE],
      maxTokenAgeS: 3_600,
      tenantClaim: 'tenant',
      rolesClaim: 'roles',
    });
    const keys = new PublishedKeys(issuer.url, issuer.jwksUrl, new IssuerClient());
    const now = (): number => time;
    const tokens = [new JwtVerifier(keys, rules, 'token', now)];
    const gateway = { header: 'x-gateway', verifier: new JwtVerifier(keys, rules, 'gateway', now) };
    const verified = new VerifiedTokens({ verifiedTokens: 10 }, now);
    return new Authenticator(
      { tokens, gateway, revoked: new RevokedTokens(store) },
      verified,
      new ClientAddress(['127.0.0.1']),
    );
  }
  const proof = (token: string) => ({ authorization: `Bearer ${token}`, headers: {}, remoteAddress: '192.0.2.1' });
  const kindOf = async (token: string): Promise<string> => (await authenticator.verify(proof(token))).kind;
  const isKnown = (token: string): boolean => authenticator.known(proof(token)) !== undefined;

  it('is not trusted for longer because the store took its time', async () => {
    const token = await issuer.sign({ jti: 'slow' });
    store.onGet = () => (time += 700);
    expect(await kindOf(token)).toBe('caller');
    // 1 s after the store was read it has to be asked again, not 1 s after its answer came.
    time += 300;
    expect(isKnown(token)).toBe(false);
  });

  it('is asked for at most once in a second, however many show it', async () => {
    const token = await issuer.sign({ jti: 'busy' });
    await kindOf(token);
    for (let second = 0; second < 5; second++) {
      time += 1_000;
      store.asked = 0;
      expect(await Promise.all(Array.from({ length: 20 }, () => kindOf(token)))).toEqual(Array(20).fill('caller'));
      expect(store.asked).toBe(1);
    }
  });

  it('of the gateway is of the gateway, whoever shows it first', async () => {
    const token = await issuer.sign();
    const byGateway = { headers: { 'x-gateway': token }, remoteAddress: '127.0.0.1' };
    expect(await authenticator.verify(byGateway)).toMatchObject({ caller: { method: 'gateway' } });
    expect(authenticator.known(proof(token))).toBeUndefined();
    expect(await authenticator.verify(proof(token))).toMatchObject({ caller: { method: 'token' } });
    expect(await authenticator.verify(byGateway)).toMatchObject({ caller: { method: 'gateway' } });
  });
});
