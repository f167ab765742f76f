import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './configuration.error.js';
import { loadSettings } from './load.js';
import type { AuthSettings } from './settings.js';

type Given = Readonly<Record<string, string>>;
const SECRET = 'hunter2-0123456789-abcdefghijklmn';
const TOKENS = { AUTH_ISSUER: 'https://issuer.test', AUTH_AUDIENCE: 'https://mcp.test/mcp' };

const authOf = (given: Given, transport: 'http' | 'stdio' = 'http'): AuthSettings =>
  loadSettings(given, { transport }).auth;
const problemsOf = (given: Given, transport: 'http' | 'stdio' = 'http'): readonly string[] => {
  try {
    loadSettings(given, { transport });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.message).not.toContain('hunter2');
    return error.problems;
  }
};

describe('who may call', () => {
  it('is nobody in particular unless something is configured', () => {
    const auth = authOf({});
    expect([auth.isConfigured, auth.acceptsTokens, auth.acceptsApiKeys]).toEqual([false, false, false]);
    expect(auth).toMatchObject({ audience: [], maxTokenAgeS: 3600, tenantClaim: 'tenant', rolesClaim: 'roles' });
  });

  it.each<[string, Given, Partial<AuthSettings>]>([
    ['an issuer that publishes its keys', TOKENS, { issuer: 'https://issuer.test', acceptsTokens: true }],
    ['keys elsewhere', { ...TOKENS, AUTH_JWKS_URL: 'https://k.test/jwks' }, { jwksUrl: 'https://k.test/jwks' }],
    ['keys as text', { ...TOKENS, AUTH_PUBLIC_KEYS: 'PEM' }, { publicKeys: 'PEM', acceptsTokens: true }],
    ['a secret', { ...TOKENS, AUTH_SECRET: SECRET }, { secret: SECRET, acceptsTokens: true }],
    [
      'tokens that are looked up',
      {
        ...TOKENS,
        AUTH_INTROSPECTION_URL: 'https://issuer.test/introspect',
        AUTH_CLIENT_ID: 'mcp',
        AUTH_CLIENT_SECRET: 'hunter2',
      },
      { introspectionUrl: 'https://issuer.test/introspect', clientId: 'mcp', clientSecret: 'hunter2' },
    ],
    ['API keys', { AUTH_API_KEYS: 'on' }, { acceptsApiKeys: true, acceptsTokens: false }],
    [
      'certificates a proxy vouches for',
      { AUTH_CLIENT_CERT_HEADER: 'x-forwarded-client-cert', TRUSTED_PROXIES: '10.0.0.0/8' },
      { clientCertHeader: 'x-forwarded-client-cert', trustedProxies: ['10.0.0.0/8'] },
    ],
    [
      'tokens a proxy hands on',
      { ...TOKENS, AUTH_GATEWAY_HEADER: 'x-forwarded-access-token', TRUSTED_PROXIES: '::1' },
      { gatewayHeader: 'x-forwarded-access-token' },
    ],
  ])('is decided by %s, also in production and off loopback', (_what, given, expected) => {
    const auth = authOf({ ...given, NODE_ENV: 'production', HOST: '0.0.0.0' });
    expect(auth).toMatchObject(expected);
    expect(auth.isConfigured).toBe(true);
  });

  it('on stdio is who the token says', () => {
    expect(authOf({ ...TOKENS, AUTH_TOKEN: 'hunter2' }, 'stdio').token).toBe('hunter2');
    expect(authOf({ AUTH_API_KEYS: 'on', AUTH_TOKEN: 'hunter2' }, 'stdio').token).toBe('hunter2');
  });

  it.each([
    ['https://mcp.test', 'https://mcp.test/mcp'],
    ['https://mcp.test/', 'https://mcp.test/mcp'],
    ['https://MCP.test:443/team//', 'https://mcp.test/team/mcp'],
    ['https://mcp.test/mcp/', 'https://mcp.test/mcp'],
    ['https://mcp.test/mcp?x=1', 'https://mcp.test/mcp'],
  ])('is asked for tokens for the resource that PUBLIC_URL %s names', (PUBLIC_URL, resource) => {
    const auth = authOf({ PUBLIC_URL, AUTH_ISSUER: 'https://issuer.test' });
    expect([auth.resource, auth.audience]).toEqual([resource, [resource]]);
    expect(authOf({ ...TOKENS, PUBLIC_URL, AUTH_AUDIENCE: 'a, b' }).audience).toEqual(['a', 'b']);
  });
});

describe('authentication that is not clear', () => {
  it.each<[string, string, Given]>([
    ['AUTH_ISSUER', 'keys without an issuer', { AUTH_JWKS_URL: 'https://k.test', AUTH_AUDIENCE: 'a' }],
    ['AUTH_ISSUER', 'a secret without an issuer', { AUTH_SECRET: SECRET, AUTH_AUDIENCE: 'a' }],
    ['AUTH_ISSUER', 'a text', { ...TOKENS, AUTH_ISSUER: 'hunter2' }],
    ['AUTH_ISSUER', 'another protocol', { ...TOKENS, AUTH_ISSUER: 'ftp://hunter2.test' }],
    ['AUTH_ISSUER', 'a password in its URL', { ...TOKENS, AUTH_ISSUER: 'https://a:hunter2@issuer.test' }],
    ['AUTH_ISSUER', 'http in production', { ...TOKENS, NODE_ENV: 'production', AUTH_ISSUER: 'http://issuer.test' }],
    ['AUTH_JWKS_URL', 'http in production', { ...TOKENS, NODE_ENV: 'production', AUTH_JWKS_URL: 'http://k.test/jwks' }],
    ['AUTH_AUDIENCE', 'tokens for nobody in particular', { AUTH_ISSUER: 'https://issuer.test' }],
    [
      'AUTH_PUBLIC_KEYS',
      'two sources of keys',
      { ...TOKENS, AUTH_JWKS_URL: 'https://k.test', AUTH_PUBLIC_KEYS: 'hunter2' },
    ],
    ['AUTH_SECRET', 'a secret beside public keys', { ...TOKENS, AUTH_PUBLIC_KEYS: 'PEM', AUTH_SECRET: SECRET }],
    ['AUTH_SECRET', 'a short secret', { ...TOKENS, AUTH_SECRET: 'hunter2'.padEnd(31, 'abcdefghijk') }],
    ['AUTH_SECRET', 'a monotonous secret', { ...TOKENS, AUTH_SECRET: 'hunter2'.repeat(6) }],
    ['AUTH_SECRET', 'a placeholder', { ...TOKENS, AUTH_SECRET: 'please-change-me-before-production-0123' }],
    ['AUTH_SECRET', 'an example', { ...TOKENS, AUTH_SECRET: 'this-is-an-EXAMPLE-of-a-secret-0123456789' }],
    ['AUTH_CLIENT_ID', 'nobody who asks', { ...TOKENS, AUTH_INTROSPECTION_URL: 'https://issuer.test/i' }],
    [
      'AUTH_CLIENT_ID',
      'somebody who asks without a secret',
      { ...TOKENS, AUTH_INTROSPECTION_URL: 'https://issuer.test/i', AUTH_CLIENT_ID: 'a' },
    ],
    [
      'AUTH_INTROSPECTION_URL',
      'http in production',
      {
        ...TOKENS,
        NODE_ENV: 'production',
        AUTH_INTROSPECTION_URL: 'http://issuer.test/i',
        AUTH_CLIENT_ID: 'a',
        AUTH_CLIENT_SECRET: 'hunter2',
      },
    ],
    ['AUTH_MAX_TOKEN_AGE_S', 'too short a life', { ...TOKENS, AUTH_MAX_TOKEN_AGE_S: '59' }],
    ['AUTH_MAX_TOKEN_AGE_S', 'too long a life', { ...TOKENS, AUTH_MAX_TOKEN_AGE_S: '604801' }],
    ['AUTH_TENANT_CLAIM', 'a name with a space', { ...TOKENS, AUTH_TENANT_CLAIM: 'hunter2 x' }],
    ['AUTH_ROLES_CLAIM', 'a name that is too long', { ...TOKENS, AUTH_ROLES_CLAIM: 'r'.repeat(201) }],
    ['AUTH_API_KEYS', 'neither on nor off', { AUTH_API_KEYS: 'true' }],
    ['AUTH_GATEWAY_HEADER', 'a header anybody could send', { ...TOKENS, AUTH_GATEWAY_HEADER: 'x-token' }],
    [
      'AUTH_GATEWAY_HEADER',
      'a header in capitals',
      { ...TOKENS, AUTH_GATEWAY_HEADER: 'X-Token', TRUSTED_PROXIES: '::1' },
    ],
    ['AUTH_GATEWAY_HEADER', 'a token nobody can verify', { AUTH_GATEWAY_HEADER: 'x-token', TRUSTED_PROXIES: '::1' }],
    [
      'AUTH_GATEWAY_HEADER',
      "the header of the caller's own token",
      { ...TOKENS, AUTH_GATEWAY_HEADER: 'authorization', TRUSTED_PROXIES: '::1' },
    ],
    ['AUTH_CLIENT_CERT_HEADER', 'a header anybody could send', { AUTH_CLIENT_CERT_HEADER: 'x-cert' }],
    ['TRUSTED_PROXIES', 'a name', { AUTH_CLIENT_CERT_HEADER: 'x-cert', TRUSTED_PROXIES: 'hunter2' }],
    ['AUTH_TOKEN', 'one caller for all of HTTP', { ...TOKENS, AUTH_TOKEN: 'hunter2' }],
    ['PUBLIC_URL', 'no URL', { PUBLIC_URL: 'hunter2' }],
    ['PUBLIC_URL', 'a password in a URL', { PUBLIC_URL: 'https://a:hunter2@mcp.test' }],
  ])('is refused by the name of the setting, and without its value: %s, %s', (name, _what, given) => {
    expect(problemsOf(given).map((problem) => problem.split(':')[0])).toEqual([name]);
  });

  it('is refused on stdio where nothing could verify the token', () => {
    expect(problemsOf({ AUTH_TOKEN: 'hunter2' }, 'stdio')).toEqual([expect.stringMatching(/^AUTH_TOKEN: nothing is/)]);
  });

  it('may ask an issuer on this machine over http, in production too', () => {
    for (const AUTH_ISSUER of ['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:1'])
      expect(problemsOf({ ...TOKENS, AUTH_ISSUER, NODE_ENV: 'production' })).toEqual([]);
    expect(problemsOf({ ...TOKENS, AUTH_ISSUER: 'http://localhost.test', NODE_ENV: 'production' })).toHaveLength(1);
  });
});
