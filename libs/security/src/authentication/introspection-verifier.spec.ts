import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSettings, Limits } from '@app/config';
import { MemoryKeyValueStore, type SqlDatabase } from '@app/storage';
import { TestIssuer } from '@app/testing';
import type { Verified } from '../access/caller-verifier.js';
import { Authenticator } from './authenticator.js';
import { createAuthenticator } from './authenticator.factory.js';
import { ClientAddress } from './client-address.js';
import { IntrospectionVerifier } from './introspection-verifier.js';
import { IssuerClient } from './issuer-client.js';
import { RevokedTokens } from './revoked-tokens.js';
import { VerifiedTokens } from './verified-tokens.js';

const AUDIENCE = 'https://mcp.example.com/mcp';

describe('a token the issuer is asked about', () => {
  let issuer: TestIssuer;
  beforeAll(async () => {
    issuer = await TestIssuer.start(AUDIENCE);
  });
  afterAll(() => issuer.stop());

  const settings = (): AuthSettings =>
    Object.assign(new AuthSettings(), {
      issuer: issuer.url,
      audience: [AUDIENCE],
      maxTokenAgeS: 3_600,
      tenantClaim: 'tenant',
      rolesClaim: 'roles',
      acceptsApiKeys: false,
      trustedProxies: [],
      introspectionUrl: `${issuer.url}/introspect`,
      clientId: 'server',
      clientSecret: 'a secret: of %',
    });
  const made = (): Authenticator =>
    createAuthenticator(settings(), new Limits(), new MemoryKeyValueStore(), undefined as unknown as SqlDatabase);
  const show = (token: string, by = made()): Promise<Verified> =>
    by.verify({ authorization: `Bearer ${token}`, headers: {}, remoteAddress: '192.0.2.1' });
  const kindFor = async (answer: Record<string, unknown>): Promise<string> => {
    issuer.opaque.set('token', answer);
    return (await show('token')).kind;
  };

  it('says who calls', async () => {
    issuer.opaque.set('opaque', issuer.claims({ scope: 'files:read', jti: 'one' }));
    const caller = { subject: 'alice', scopes: ['files:read'], method: 'introspection', tokenId: 'one' };
    expect(await show('opaque')).toMatchObject({ kind: 'caller', caller });
  });

  it('is good without naming its issuer, which answers for itself', async () => {
    const { iss: _, ...claims } = issuer.claims();
    expect(await kindFor(claims)).toBe('caller');
  });

  it.each([
    [{ active: false }],
    [{ active: 'true' }],
    [{ active: 1 }],
    [{ iss: 'https://evil.example.com' }],
    [{ aud: undefined }],
    [{ aud: 'https://other.example.com' }],
    [{ exp: undefined }],
    [{ exp: 1 }],
    [{ sub: undefined }],
    [{ sub: 'a\nb' }],
  ])('proves nobody with %j', async (changed) => {
    expect(await kindFor(issuer.claims(changed))).toBe('refused');
  });

  it('cannot be known while the issuer is away', async () => {
    issuer.down();
    await expect(show('opaque')).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    issuer.up();
  });

  it('is asked about again after a minute, so that what the issuer takes back ends', async () => {
    let time = Date.now();
    const now = (): number => time;
    const { introspectionUrl: url, clientId, clientSecret, ...rules } = settings();
    const verifier = new IntrospectionVerifier(
      { url: url!, clientId: clientId!, clientSecret: clientSecret! },
      rules,
      new IssuerClient(),
      now,
    );
    const ways = { tokens: [verifier], revoked: new RevokedTokens(new MemoryKeyValueStore()) };
    const by = new Authenticator(ways, new VerifiedTokens(new Limits(), now), new ClientAddress([]));
    issuer.opaque.set('taken-back', issuer.claims());
    expect((await show('taken-back', by)).kind).toBe('caller');
    issuer.opaque.delete('taken-back');
    time += 61_000;
    expect((await show('taken-back', by)).kind).toBe('refused');
  });
});
