import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSettings, Limits } from '@app/config';
import { MemoryKeyValueStore } from '@app/storage';
import { TEST_ALGORITHMS, TestIssuer } from '@app/testing';
import type { Verified } from '../access/caller-verifier.js';
import type { Authenticator } from './authenticator.js';
import { createAuthenticator } from './authenticator.factory.js';

const AUDIENCE = 'https://mcp.example.com/mcp';
let issuer: TestIssuer;
let authenticator: Authenticator;
beforeAll(async () => {
  issuer = await TestIssuer.start(AUDIENCE);
  authenticator = make({ jwksUrl: issuer.jwksUrl });
});
afterAll(() => issuer.stop());

function make(more: Partial<AuthSettings>): Authenticator {
  const settings = Object.assign(new AuthSettings(), {
    issuer: issuer.url,
    audience: [AUDIENCE],
    maxTokenAgeS: 3_600,
    tenantClaim: 'tenant',
    rolesClaim: 'realm_access.roles',
    acceptsApiKeys: false,
    trustedProxies: [],
    ...more,
  });
  return createAuthenticator(settings, new Limits(), new MemoryKeyValueStore(), undefined);
}

const show = (authorization: string | undefined, by = authenticator): Promise<Verified> =>
  by.verify({ authorization, headers: {}, remoteAddress: '192.0.2.1' });
const kindOf = async (token: string, by = authenticator): Promise<string> => (await show(`Bearer ${token}`, by)).kind;

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const hs256 = (key: string | Buffer, header: unknown, claims: unknown): string => {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
};
/** Signed by whoever has any key, with any header and any text of a payload. */
const rs256 = (key: Parameters<typeof signBytes>[2], header: unknown, claims: unknown): string => {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${signBytes('sha256', Buffer.from(text), key).toString('base64url')}`;
};

describe('a token of the issuer', () => {
  it.each(TEST_ALGORITHMS)('signed with %s is good, and says who calls', async (alg) => {
    const token = await issuer.sign(
      {
        scope: 'files:read openid',
        tenant: 'acme',
        realm_access: { roles: ['developer'] },
        act: { sub: 'agent', act: { sub: 'gateway' } },
        jti: 'id-1',
      },
      { alg },
    );
    expect(await show(`Bearer ${token}`)).toEqual({
      kind: 'caller',
      caller: {
        subject: 'alice',
        tenant: 'acme',
        scopes: ['files:read', 'openid'],
        roles: ['developer'],
        actors: ['gateway', 'agent'],
        method: 'token',
        tokenId: 'id-1',
        expiresAt: expect.any(Number),
      },
    });
  });

  it.each([
    ['bearer', 'bearer TOKEN'],
    ['BEARER', 'BEARER TOKEN'],
    ['an audience among several', 'Bearer TOKEN', { aud: ['https://other.example.com', AUDIENCE] }],
    ['scopes as a list', 'Bearer TOKEN', { scp: ['files:read'] }],
    ['no iat, and a near end', 'Bearer TOKEN', { iat: undefined }],
  ])('is taken with %s', async (_what, form, claims: Record<string, unknown> = {}) => {
    expect((await show(form.replace('TOKEN', await issuer.sign(claims)))).kind).toBe('caller');
  });

  it('is verified once in its life', async () => {
    const token = await issuer.sign();
    expect(authenticator.known({ authorization: `Bearer ${token}`, headers: {}, remoteAddress: '' })).toBeUndefined();
    await show(`Bearer ${token}`);
    const known = authenticator.known({ authorization: `Bearer ${token}`, headers: {}, remoteAddress: '' });
    expect(known).toMatchObject({ subject: 'alice' });
  });
});

describe('what is no token proves nobody', () => {
  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic x',
    'Token x',
    'Bearer  TOKEN',
    'Bearer\tTOKEN',
    ' Bearer TOKEN',
    'Bearer TOKEN ',
    'Bearer TOKEN,TOKEN',
    'Bearer TOKEN x',
    'Bearer "TOKEN"',
  ])('%j', async (form) => {
    const token = await issuer.sign();
    expect(await show(form?.replaceAll('TOKEN', token))).toMatchObject({
      kind: 'refused',
      hadCredentials: form !== undefined,
    });
  });
});

describe('a forged signature', () => {
  it.each([
    ['stripped', (token: string) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['without its dot', (token: string) => token.slice(0, token.lastIndexOf('.'))],
    ['cut', (token: string) => token.slice(0, -8)],
    ['with a newline behind it', (token: string) => `${token}\n`],
    ['with another last character of the same bytes', flipLastBits],
    ['with padding', (token: string) => `${token}=`],
    ['over another body', (token: string) => swapPart(token, 1, (claims) => ({ ...claims, sub: 'root' }))],
    ['over another header', (token: string) => swapPart(token, 0, (header) => ({ ...header, x: 1 }))],
  ])('%s', async (_what, forge) => {
    const token = await issuer.sign();
    expect(await kindOf(token)).toBe('caller');
    expect(await kindOf(forge(token))).toBe('refused');
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('of the algorithm %j', async (alg) => {
    const claims = issuer.claims();
    for (const signature of ['', 'x', 'AAAA'])
      expect(await kindOf(`${base64({ alg, typ: 'JWT' })}.${base64(claims)}.${signature}`)).toBe('refused');
  });

  it('made with the public key as a secret, however that is written', async () => {
    const pem = await issuer.publicKey();
    const key = createPublicKey(pem);
    const texts: (string | Buffer)[] = [
      pem,
      pem.trim(),
      `${pem.trim()}\n`,
      key.export({ type: 'spki', format: 'der' }),
      key.export({ type: 'pkcs1', format: 'pem' }),
      JSON.stringify(key.export({ format: 'jwk' })),
      '',
      'secret',
    ];
    for (const by of [authenticator, make({ publicKeys: pem })])
      for (const text of texts)
        for (const kid of [issuer.kid(), undefined])
          expect(await kindOf(hs256(text, { alg: 'HS256', kid }, issuer.claims()), by)).toBe('refused');
  });

  it('made with another key, also one it brings along', async () => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...own.publicKey.export({ format: 'jwk' }), kid: 'mine' };
    for (const header of [
      { kid: issuer.kid() },
      { kid: 'mine' },
      { kid: 'mine', jwk },
      { jwk },
      { jku: `${issuer.url}/evil` },
      { x5u: `${issuer.url}/evil` },
      { x5c: ['AAAA'] },
    ])
      expect(await kindOf(rs256(own.privateKey, { alg: 'RS256', ...header }, issuer.claims()))).toBe('refused');
    expect(issuer.requests.get('/evil')).toBeUndefined();
  });

  it.each([
    '../../../../dev/null',
    "x' UNION SELECT 'k",
    '|id',
    'http://127.0.0.1/k',
    '__proto__',
    'constructor',
    'x'.repeat(100_000),
    7,
    {},
    null,
  ])('with the kid %j', async (kid) => {
    expect(await kindOf(hs256('', { alg: 'HS256', kid }, issuer.claims()))).toBe('refused');
    expect(await kindOf(await issuer.sign({}, { header: { kid } }).catch(() => 'a.b.c'))).toBe('refused');
  });

  it.each([{ crit: ['exp2'], exp2: 1 }, { crit: [] }, { crit: 'x' }, { cty: 'JWT' }, { zip: 'DEF' }, { typ: 'JWE' }])(
    'that asks for more by %j',
    async (header) => {
      const text = rs256Of(header);
      expect(await kindOf(await text)).toBe('refused');
    },
  );
  async function rs256Of(header: object): Promise<string> {
    const { exportPKCS8 } = await import('jose');
    return rs256(
      await exportPKCS8(issuer.privateKey()),
      { alg: 'RS256', kid: issuer.kid(), ...header },
      issuer.claims(),
    );
  }

  it.each([
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a number', '1'],
    ['nothing', ''],
    ['no JSON', '{'],
    ['a member twice', 'TWICE'],
    ['a member __proto__', 'PROTO'],
    ['depth', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('over a payload that is %s', async (_what, payload) => {
    const { exportPKCS8 } = await import('jose');
    const good = JSON.stringify(issuer.claims());
    const text = payload
      .replace('TWICE', `${good.slice(0, -1)},"scope":"a","scope":"*"}`)
      .replace('PROTO', `${good.slice(0, -1)},"__proto__":{"scope":"*"}}`);
    const key = await exportPKCS8(issuer.privateKey());
    expect(await kindOf(rs256(key, { alg: 'RS256', kid: issuer.kid() }, text))).toBe('refused');
    expect(({} as { scope?: unknown }).scope).toBeUndefined();
  });
});

describe('a genuine token that is not for us, not now, or names nobody', () => {
  const now = Math.floor(Date.now() / 1_000);
  it.each([
    [{ iss: 'https://evil.example.com' }],
    [{ iss: ['https://issuer'] }],
    [{ iss: undefined }],
    [{ aud: undefined }],
    [{ aud: 'https://other.example.com' }],
    [{ aud: `${AUDIENCE}.evil` }],
    [{ aud: AUDIENCE.slice(0, -1) }],
    [{ aud: `${AUDIENCE}/` }],
    [{ aud: [] }],
    [{ aud: { 0: AUDIENCE } }],
    [{ exp: undefined }],
    [{ exp: now - 60 }],
    [{ exp: (now + 60) * 1_000 }],
    [{ exp: 1e15 }],
    [{ exp: String(now + 60) }],
    [{ exp: now + 7_200 }],
    [{ iat: now + 600, exp: now + 900 }],
    [{ iat: now - 10 * 3_600 }],
    [{ nbf: now + 600 }],
    [{ iat: 'x' }],
    [{ sub: undefined }],
    [{ sub: '' }],
    [{ sub: { $ne: 1 } }],
    [{ sub: ['alice'] }],
    [{ sub: 'x'.repeat(10_000) }],
    [{ sub: 'a\u0000b' }],
    [{ sub: 'a\r\nb' }],
    [{ sub: ' alice' }],
    [{ sub: 7 }],
    [{ tenant: {} }],
    [{ scope: 7 }],
    [{ scope: 'a"b' }],
    [{ scp: [{}] }],
    [{ realm_access: { roles: [7] } }],
    [{ realm_access: { roles: Array.from({ length: 1_000 }, (_, at) => `r${at}`) } }],
    [{ act: 'x' }],
    [{ jti: 7 }],
    [{ jti: '' }],
  ])('%j', async (claims) => {
    expect(await kindOf(await issuer.sign(claims))).toBe('refused');
  });
});

function flipLastBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  // 256 bytes end in a character of which only the first two bits count.
  const last = alphabet.indexOf(token.at(-1)!);
  return token.slice(0, -1) + alphabet[last ^ 1];
}

function swapPart(token: string, part: number, change: (value: Record<string, unknown>) => unknown): string {
  const parts = token.split('.');
  const value = JSON.parse(Buffer.from(parts[part]!, 'base64url').toString()) as Record<string, unknown>;
  parts[part] = base64(change(value));
  return parts.join('.');
}
