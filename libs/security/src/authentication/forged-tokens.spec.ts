import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuthSettings, Limits } from '@app/config';
import { MemoryKeyValueStore } from '@app/storage';
import { injected, TEST_ALGORITHMS, TestIssuer } from '@app/testing';
import type { Authenticator } from './authenticator.js';
import { createAuthenticator } from './authenticator.factory.js';

const IS_FULL = env['PROOF'] === 'full';
const VARIANTS = IS_FULL ? 20_000 : 500;
const SEED = Number(env['FORGERY_SEED'] ?? 20_261_122);
const RUN_MS = 300_000;

type Parts = [header: string, claims: string, signature: string];
type Json = Record<string, unknown>;

let issuer: TestIssuer;
let other: TestIssuer;
let authenticator: Authenticator;
let genuine: string[];
beforeAll(async () => {
  [issuer, other] = [await TestIssuer.start(), await TestIssuer.start()];
  const settings = Object.assign(new AuthSettings(), {
    issuer: issuer.url,
    audience: [issuer.audience],
    maxTokenAgeS: 3_600,
    tenantClaim: 'tenant',
    rolesClaim: 'roles',
    acceptsApiKeys: false,
    trustedProxies: [],
  });
  authenticator = createAuthenticator(settings, new Limits(), new MemoryKeyValueStore(), undefined);
  genuine = await Promise.all(TEST_ALGORITHMS.map((alg) => issuer.sign({ scope: 'files:read' }, { alg })));
});
afterAll(async () => {
  await issuer.stop();
  await other.stop();
});

const accepts = async (token: string): Promise<boolean> =>
  (await authenticator.verify({ authorization: `Bearer ${token}`, headers: {}, remoteAddress: '' })).kind === 'caller';

const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Json;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const changed = (part: string, change: Json): string => encode({ ...decode(part), ...change });

/** One way to make another token of a genuine one. */
const forgery: fc.Arbitrary<(parts: Parts) => Parts> = fc.oneof(
  fc
    .record({ part: fc.nat(2), at: fc.nat(), to: fc.constantFrom(...'ABCxyz019-_.=+/ \n%\u0000') })
    .map(({ part, at, to }) => (parts: Parts): Parts => {
      const text = parts[part]!;
      const place = at % text.length;
      return parts.with(part, text.slice(0, place) + to + text.slice(place + 1)) as Parts;
    }),
  fc
    .record({ part: fc.nat(2), from: fc.nat(), count: fc.integer({ min: 1, max: 64 }) })
    .map(({ part, from, count }) => (parts: Parts): Parts => {
      const text = parts[part]!;
      const place = from % text.length;
      return parts.with(part, text.slice(0, place) + text.slice(place + count)) as Parts;
    }),
  fc
    .dictionary(
      fc.constantFrom('alg', 'kid', 'typ', 'jku', 'jwk', 'crit', 'x5c', 'b64', 'zip', 'x'),
      fc.oneof(fc.string(), fc.constantFrom('none', 'HS256', 'RS512', 'ES256', 'EdDSA'), fc.jsonValue()),
      { minKeys: 1 },
    )
    .map((change) => ([header, claims, signature]: Parts): Parts => [
      changed(header, change as Json),
      claims,
      signature,
    ]),
  fc
    .dictionary(
      fc.constantFrom('sub', 'iss', 'aud', 'exp', 'iat', 'scope', 'tenant', 'roles', 'act', 'jti', 'nbf'),
      fc.oneof(fc.string(), fc.jsonValue(), fc.integer()),
      { minKeys: 1 },
    )
    .map((change) => ([header, claims, signature]: Parts): Parts => [
      header,
      changed(claims, change as Json),
      signature,
    ]),
  fc
    .uint8Array({ minLength: 0, maxLength: 512 })
    .map((bytes) => ([header, claims]: Parts): Parts => [header, claims, Buffer.from(bytes).toString('base64url')]),
  fc.constantFrom(
    ([header, claims]: Parts): Parts => [header, claims, ''],
    ([header, claims, signature]: Parts): Parts => [claims, header, signature],
    ([header, claims, signature]: Parts): Parts => [header, claims, `${signature}${signature}`],
    ([header, claims, signature]: Parts): Parts => [header, claims, `${signature}.${signature}`],
    ([header, claims, signature]: Parts): Parts => [` ${header}`, claims, signature],
    ([header, claims, signature]: Parts): Parts => [header, claims, `${signature}\n`],
  ),
);

describe('forged tokens', () => {
  it(
    injected('forged identity', 'Authenticator', `of ${VARIANTS} forgeries none is accepted (seed ${SEED})`),
    async () => {
      let tried = 0;
      await fc.assert(
        fc.asyncProperty(fc.nat(genuine.length - 1), forgery, async (which, forge) => {
          const token = genuine[which]!;
          const forged = forge(token.split('.') as Parts).join('.');
          fc.pre(forged !== token);
          tried++;
          expect(await accepts(forged)).toBe(false);
        }),
        { numRuns: VARIANTS, seed: SEED },
      );
      expect(tried).toBeGreaterThanOrEqual(VARIANTS);
      for (const token of genuine) expect(await accepts(token)).toBe(true);
    },
    RUN_MS,
  );

  it('with parts of two genuine tokens, or of another issuer, are refused', async () => {
    const foreign = await other.sign({ iss: issuer.url });
    const [mine, second] = [genuine[0]!, await issuer.sign({ sub: 'root', scope: '*' })].map(
      (token) => token.split('.') as Parts,
    );
    expect(await accepts(foreign)).toBe(false);
    expect(await accepts([mine![0], second![1], mine![2]].join('.'))).toBe(false);
    expect(await accepts([mine![0], mine![1], second![2]].join('.'))).toBe(false);
  });
});
