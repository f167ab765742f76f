import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { ServerError } from '@app/mcp';
import { CredentialRefused } from './credential-refused.error.js';
import { IssuerClient } from './issuer-client.js';
import { PublishedKeys } from './published-keys.js';

const ISSUER = 'https://issuer.example.com/realm';
const JWKS_URL = 'https://issuer.example.com/keys';
let first: JWK;
beforeAll(async () => {
  const made = async (kid: string): Promise<JWK> => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  };
  first = await made('first');
});

describe('PublishedKeys', () => {
  let time: number;
  let asked: string[];
  /** What is at a URL; a number is a status, undefined is no answer. */
  let answers: Record<string, object | number | undefined>;
  let keys: PublishedKeys;

  beforeEach(() => {
    [time, asked] = [1_000_000, []];
    answers = { [JWKS_URL]: { keys: [first] } };
    keys = make(JWKS_URL);
  });

  function make(jwksUrl?: string): PublishedKeys {
    const client = new IssuerClient((url) => {
      asked.push(url);
      const answer = answers[url];
      if (answer === undefined) return Promise.reject(new TypeError('fetch failed'));
      return Promise.resolve(typeof answer === 'number' ? new Response('', { status: answer }) : Response.json(answer));
    });
    return new PublishedKeys(ISSUER, jwksUrl, client, () => time);
  }
  const outcome = (kid?: string, by = keys): Promise<string> =>
    by.find({ alg: 'ES256', ...(kid !== undefined && { kid }) }).then(
      () => 'found',
      (error: unknown) =>
        error instanceof CredentialRefused ? 'refused' : error instanceof ServerError ? error.code : String(error),
    );

  it('cannot be known to be unknown while the issuer is away', async () => {
    await outcome('first');
    answers[JWKS_URL] = undefined;
    time += 31_000;
    for (let at = 0; at < 5; at++) expect(await outcome('second')).toBe('POLICY_UNAVAILABLE');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['none', []],
    ['none that can be used', [{ kty: 'oct', k: 'AAAA', kid: 'x' }]],
    ['only private ones', [{ kty: 'EC', crv: 'P-256', d: 'AAAA', kid: 'x' }]],
  ])('are kept when the issuer answers with %s', async (_what, published) => {
    await outcome('first');
    answers[JWKS_URL] = { keys: published };
    time += 31_000;
    await outcome('unknown');
    expect(await outcome('first')).toBe('found');
  });

  it('that cannot be read refuse, and do not break, who names them', async () => {
    answers[JWKS_URL] = { keys: [{ ...first, kid: 'odd', x: 'AAAA' }, first] };
    expect([await outcome('odd'), await outcome('first')]).toEqual(['refused', 'found']);
  });

  describe('without an address of their own', () => {
    const OAUTH = 'https://issuer.example.com/.well-known/oauth-authorization-server/realm';
    const OPENID = 'https://issuer.example.com/realm/.well-known/openid-configuration';
    const good = { issuer: ISSUER, jwks_uri: JWKS_URL };

    it.each<[string, object | number | undefined, object | number | undefined, string]>([
      ['in the metadata of OAuth', good, 404, 'found'],
      ['in the metadata of OpenID Connect', 404, good, 'found'],
      ['in the second where the first is forbidden', 403, good, 'found'],
      ['in the second where the first fails', 500, good, 'found'],
      ['in the second where the first is of somebody else', { ...good, issuer: `${ISSUER}/` }, good, 'found'],
      ['nowhere', 404, 404, 'POLICY_UNAVAILABLE'],
      ['not with somebody else', { ...good, issuer: 'https://evil.example.com' }, 404, 'POLICY_UNAVAILABLE'],
      ['not over http', { ...good, jwks_uri: 'http://issuer.example.com/keys' }, 404, 'POLICY_UNAVAILABLE'],
      ['not at no address', { ...good, jwks_uri: 7 }, 404, 'POLICY_UNAVAILABLE'],
    ])('are found %s', async (_where, oauth, openid, expected) => {
      Object.assign(answers, { [OAUTH]: oauth, [OPENID]: openid });
      expect(await outcome('first', make())).toBe(expected);
    });
  });
});
