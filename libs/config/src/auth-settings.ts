import type { Environment } from './environment.js';
import { AuthSettings } from './settings.js';

const MIN_SECRET_BYTES = 32;
/** Fewer different characters than this are a placeholder, not a secret. */
const MIN_DISTINCT = 10;
const PLACEHOLDER = /change.?me|placeholder|your.?secret|example/i;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** How callers prove who they are, or in `problems` why that is not clear. */
export function readAuth(
  environment: Environment,
  transport: 'http' | 'stdio',
  problems: string[],
): Omit<AuthSettings, 'acceptsTokens' | 'isConfigured'> {
  const {
    AUTH_ISSUER: issuer,
    AUTH_JWKS_URL: jwksUrl,
    AUTH_PUBLIC_KEYS: publicKeys,
    AUTH_SECRET: secret,
    AUTH_INTROSPECTION_URL: introspectionUrl,
    AUTH_CLIENT_ID: clientId,
    AUTH_CLIENT_SECRET: clientSecret,
    AUTH_GATEWAY_HEADER: gatewayHeader,
    AUTH_CLIENT_CERT_HEADER: clientCertHeader,
    AUTH_TOKEN: token,
  } = environment;
  const takesTokens = [issuer, jwksUrl, publicKeys, secret, introspectionUrl].some((each) => each !== undefined);
  const resource = resourceOf(environment.PUBLIC_URL);
  const audience = environment.AUTH_AUDIENCE.length > 0 ? environment.AUTH_AUDIENCE : resource ? [resource] : [];
  if (takesTokens && issuer === undefined)
    problems.push('AUTH_ISSUER: tokens need it, to be checked for who issued them');
  if (takesTokens && audience.length === 0)
    problems.push('AUTH_AUDIENCE: tokens need it or PUBLIC_URL, to be checked for whom they were issued to');
  const keys = Object.entries({
    AUTH_JWKS_URL: jwksUrl,
    AUTH_PUBLIC_KEYS: publicKeys,
    AUTH_SECRET: secret,
  }).filter(([, value]) => value !== undefined);
  if (keys.length > 1) problems.push(`${keys[1]![0]}: set one source of keys; ${keys[0]![0]} is set too`);
  checkSecret(secret, problems);
  if (introspectionUrl !== undefined && (clientId === undefined || clientSecret === undefined))
    problems.push('AUTH_CLIENT_ID: AUTH_INTROSPECTION_URL needs it and AUTH_CLIENT_SECRET, to ask as somebody');
  if (environment.NODE_ENV === 'production')
    for (const [name, url] of Object.entries({
      AUTH_ISSUER: issuer,
      AUTH_JWKS_URL: jwksUrl,
      AUTH_INTROSPECTION_URL: introspectionUrl,
    }))
      if (url !== undefined && !isProtected(url)) problems.push(`${name}: production asks over https only`);
  for (const [name, header] of Object.entries({
    AUTH_GATEWAY_HEADER: gatewayHeader,
    AUTH_CLIENT_CERT_HEADER: clientCertHeader,
  }))
    if (header !== undefined && environment.TRUSTED_PROXIES.length === 0)
      problems.push(`${name}: anybody could send it; set TRUSTED_PROXIES to those who may`);
  if (gatewayHeader !== undefined && !takesTokens)
    problems.push('AUTH_GATEWAY_HEADER: it carries a signed token, so AUTH_ISSUER and its keys are needed');
  if (gatewayHeader === 'authorization' || clientCertHeader === 'authorization')
    problems.push('AUTH_GATEWAY_HEADER: authorization is where callers put their own tokens');
  if (token !== undefined && transport === 'http')
    problems.push('AUTH_TOKEN: it says who calls over stdio; over HTTP every request brings its own');
  if (token !== undefined && !takesTokens && environment.AUTH_API_KEYS === 'off')
    problems.push('AUTH_TOKEN: nothing is configured that could verify it; set AUTH_ISSUER or AUTH_API_KEYS');
  return {
    issuer,
    audience: Object.freeze(audience),
    jwksUrl,
    publicKeys,
    secret,
    introspectionUrl,
    clientId,
    clientSecret,
    maxTokenAgeS: environment.AUTH_MAX_TOKEN_AGE_S,
    tenantClaim: environment.AUTH_TENANT_CLAIM,
    rolesClaim: environment.AUTH_ROLES_CLAIM,
    acceptsApiKeys: environment.AUTH_API_KEYS === 'on',
    gatewayHeader,
    clientCertHeader,
    token,
    trustedProxies: Object.freeze(environment.TRUSTED_PROXIES),
    resource,
  };
}

function checkSecret(secret: string | undefined, problems: string[]): void {
  if (secret === undefined) return;
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    problems.push(`AUTH_SECRET: at least ${MIN_SECRET_BYTES} bytes, for whoever guesses it can be anybody`);
  else if (new Set(secret).size < MIN_DISTINCT || PLACEHOLDER.test(secret))
    problems.push('AUTH_SECRET: this is a placeholder; make one of random bytes');
}

/** The canonical name of the endpoint: without a slash at its end, and without a fragment. */
function resourceOf(publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined || !URL.canParse(publicUrl)) return undefined;
  const { origin, pathname } = new URL(publicUrl);
  const path = pathname.replace(/\/+$/, '');
  return origin + (path.endsWith('/mcp') ? path : `${path}/mcp`);
}

const isProtected = (url: string): boolean =>
  !URL.canParse(url) || url.startsWith('https://') || LOOPBACK.has(new URL(url).hostname);
