import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestIssuer } from '@app/testing';
import { IssuerClient } from './issuer-client.js';
import { JwtVerifier } from './jwt-verifier.js';
import { PublishedKeys } from './published-keys.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let issuer: TestIssuer;
let nowMs: number;
beforeEach(async () => {
  issuer = await TestIssuer.start();
  nowMs = 0;
});
afterEach(() => issuer.stop());

function verifierWith(jwksUrl: string | undefined = issuer.jwksUrl, client = new IssuerClient()) {
  const keys = new PublishedKeys(issuer.url, jwksUrl, client, () => nowMs);
  const rules = {
    issuer: issuer.url,
    audience: [issuer.audience],
    maxTokenAgeS: 3_600,
    tenantClaim: 'tenant',
    rolesClaim: 'roles',
  };
  const verifier = new JwtVerifier(keys, rules);
  const ends = async (token: string): Promise<string> => {
    try {
      return (await verifier.verify(token)).subject;
    } catch (error) {
      return (error as { code?: string }).code ?? (error as Error).name;
    }
  };
  return { keys, ends };
}
const asked = (): number => issuer.requests.get('/jwks') ?? 0;

describe('the keys of an issuer', () => {
  it('are found by its metadata where no address of them is given', async () => {
    const { ends } = verifierWith(undefined);
    const found = new PublishedKeys(issuer.url, undefined, new IssuerClient(), () => nowMs);
    expect(await found.find({ alg: 'RS256', kid: issuer.kid() })).toBeDefined();
    expect(await ends(await issuer.sign())).toBe('alice');
  });

  it('are asked for once by everybody who comes at the same time', async () => {
    const { ends } = verifierWith();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => issuer.sign()));
    expect(new Set(await Promise.all(tokens.map(ends)))).toEqual(new Set(['alice']));
    expect(asked()).toBe(1);
  });

  it('that are new are found by the first token that names one', async () => {
    const { ends } = verifierWith();
    const before = await issuer.sign();
    expect(await ends(before)).toBe('alice');
    await issuer.rotate();
    nowMs += MINUTE_MS;
    expect(await ends(await issuer.sign())).toBe('alice');
    // What is not published any more signs nothing.
    expect(await ends(before)).toBe('CredentialRefused');
  });

  it('are not asked for again and again by tokens that name none of them', async () => {
    const { ends } = verifierWith();
    await ends(await issuer.sign());
    nowMs += MINUTE_MS;
    for (let flood = 0; flood < 100; flood++)
      expect(await ends(await issuer.sign({}, { header: { kid: `none-${flood}` } }))).toBe('CredentialRefused');
    expect(asked()).toBe(2);
    nowMs += 31_000;
    await ends(await issuer.sign({}, { header: { kid: 'another' } }));
    expect(asked()).toBe(3);
  });

  it('are used on while the issuer is away, for a day', async () => {
    const { ends } = verifierWith();
    const token = await issuer.sign();
    await ends(token);
    issuer.down();
    for (const age of [11 * MINUTE_MS, HOUR_MS, 20 * HOUR_MS]) {
      nowMs = age;
      expect(await ends(token)).toBe('alice');
    }
    // Nobody can tell whether a key that is unknown came meanwhile.
    nowMs += MINUTE_MS;
    expect(await ends(await issuer.sign({}, { header: { kid: 'new' } }))).toBe('POLICY_UNAVAILABLE');
    nowMs = 25 * HOUR_MS;
    expect(await ends(token)).toBe('POLICY_UNAVAILABLE');
    issuer.up();
    nowMs += MINUTE_MS;
    expect(await ends(token)).toBe('alice');
  });

  it('are renewed behind the back of who needs one', async () => {
    const { ends, keys } = verifierWith();
    const token = await issuer.sign();
    await ends(token);
    nowMs = 11 * MINUTE_MS;
    expect(await ends(token)).toBe('alice');
    while (keys.ageMs !== 0) await new Promise((next) => setImmediate(next));
    expect(asked()).toBe(2);
  });

  it('that never came are asked for again after a pause, and nobody is let in meanwhile', async () => {
    issuer.down();
    const { ends } = verifierWith();
    const token = await issuer.sign();
    expect(await ends(token)).toBe('POLICY_UNAVAILABLE');
    issuer.up();
    expect(await ends(token)).toBe('POLICY_UNAVAILABLE');
    nowMs += 30_000;
    expect(await ends(token)).toBe('alice');
  });

  it.each([
    ['a redirect', () => Promise.resolve(Response.redirect('http://127.0.0.1:9/evil', 302))],
    ['a failure', () => Promise.resolve(new Response('no', { status: 500 }))],
    ['no JSON', () => Promise.resolve(new Response('{'))],
    ['no keys', () => Promise.resolve(Response.json({ keys: [] }))],
    ['a list', () => Promise.resolve(Response.json([]))],
    ['too much', () => Promise.resolve(new Response('x'.repeat(2_000_000)))],
    ['nothing', () => Promise.reject(new Error('connection refused'))],
    ['secrets', () => Promise.resolve(Response.json({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'x' }] }))],
  ] as const)('that come as %s let nobody in', async (_what, fetch) => {
    const { ends } = verifierWith(issuer.jwksUrl, new IssuerClient(fetch));
    expect(await ends(await issuer.sign())).not.toBe('alice');
  });

  it('are not waited for for ever', async () => {
    const hanging = new IssuerClient(
      (_url, { signal }) =>
        new Promise((_done, failed) => signal!.addEventListener('abort', () => failed(signal!.reason as Error))),
      20,
    );
    const { ends } = verifierWith(issuer.jwksUrl, hanging);
    expect(await ends(await issuer.sign())).toBe('POLICY_UNAVAILABLE');
  });
});
