import type { AuthSettings } from '@app/config';
import type { CallerProof } from '@app/mcp';
import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';

export type Claims = Readonly<Record<string, unknown>>;
export type ClaimRules = Pick<AuthSettings, 'issuer' | 'audience' | 'maxTokenAgeS' | 'tenantClaim' | 'rolesClaim'>;

/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_S = 5;
/** A date in ms, or one that never comes, is no date of a token. */
const LATEST_S = 4_102_444_800;
const MAX_NAME_CHARS = 255;
const MAX_LISTED = 200;
const MAX_ACTORS = 8;
const DEFAULT_TENANT = 'default';
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/;

/**
 * An identity out of the claims of a token that is genuine. What a signature alone does not say is held here: for whom
 * it is, by whom, since when and until when, and that names are names.
 * @param nowS seconds since 1970
 * @throws CredentialRefused
 */
export function identityOf(claims: Claims, rules: ClaimRules, method: CallerProof, nowS: number): Identity {
  expect(claims['iss'] === rules.issuer, 'another issuer');
  expect(
    listed(claims['aud'], 'aud').some((each) => rules.audience.includes(each)),
    'another audience',
  );
  const exp = instant(claims['exp'], 'exp');
  expect(exp !== undefined, 'no exp');
  expect(exp! > nowS - CLOCK_TOLERANCE_S, 'expired');
  const iat = instant(claims['iat'], 'iat');
  expect(iat === undefined || iat <= nowS + CLOCK_TOLERANCE_S, 'issued in the future');
  const since = iat ?? nowS;
  expect(exp! - since <= rules.maxTokenAgeS + CLOCK_TOLERANCE_S, 'lives too long');
  const nbf = instant(claims['nbf'], 'nbf');
  expect(nbf === undefined || nbf <= nowS + CLOCK_TOLERANCE_S, 'not yet valid');
  const tenant = claimAt(claims, rules.tenantClaim);
  const jti = claims['jti'];
  return {
    subject: named(claims['sub'], 'sub'),
    tenant: tenant === undefined ? DEFAULT_TENANT : named(tenant, 'tenant'),
    scopes: scopesOf(claims),
    roles: words(claimAt(claims, rules.rolesClaim), 'roles'),
    actors: actorsOf(claims['act']),
    method,
    ...(jti !== undefined && { tokenId: named(jti, 'jti') }),
    expiresAt: exp! * 1_000,
  };
}

function scopesOf(claims: Claims): readonly string[] {
  const scopes = [...words(claims['scope'], 'scope'), ...words(claims['scp'], 'scp')];
  expect(
    scopes.every((scope) => SCOPE.test(scope)),
    'a scope that is none',
  );
  return Object.freeze([...new Set(scopes)]);
}

/** RFC 8693: who acts, and within it for whom he acted. Outermost last. */
function actorsOf(act: unknown): readonly string[] {
  const actors: string[] = [];
  for (let actor = act; actor !== undefined; actor = (actor as Claims)['act']) {
    expect(isObject(actor) && actors.length < MAX_ACTORS, 'an act that is none');
    actors.push(named((actor as Claims)['sub'], 'act.sub'));
  }
  return Object.freeze(actors.reverse());
}

/** A claim by its name, or by a path of names with dots where there is none of the whole name. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A text with spaces, or a list. */
function words(value: unknown, name: string): readonly string[] {
  if (value === undefined) return [];
  return listed(typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : value, name);
}

function listed(value: unknown, name: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? (value as unknown[]) : [value];
  expect(list.length <= MAX_LISTED, `too many of ${name}`);
  return list.map((each) => named(each, name));
}

function named(value: unknown, name: string): string {
  expect(
    typeof value === 'string' &&
      value.length > 0 &&
      value.length <= MAX_NAME_CHARS &&
      value.isWellFormed() &&
      !CONTROLS.test(value) &&
      value.trim() === value,
    `${name} is no name`,
  );
  return value as string;
}

function instant(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  expect(typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= LATEST_S, `${name} is no date`);
  return value as number;
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function expect(holds: boolean, reason: string): void {
  if (!holds) throw new CredentialRefused(reason);
}
