import { Limits } from '@app/config';
import { parseJson } from '../json/strict-json.js';
import { CredentialRefused } from './credential-refused.error.js';
import type { Claims } from './claims.js';

const MAX_TOKEN_CHARS = 16_384;
const PART = /^[A-Za-z0-9_-]+$/;
const BOUNDS = new Limits({ jsonDepth: 8, jsonNodes: 2_000 });
/** A header that wants us to take its own key, to fetch one, or to understand what we do not. */
const REFUSED_HEADERS = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'cty'];
const TYPES = new Set([undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt']);

export interface CompactToken {
  readonly header: Claims;
  readonly claims: Claims;
}

/** Whether a text has the form of a signed token. */
export const isCompact = (token: string): boolean => token.split('.').length === 3;

/**
 * The parts of a signed token, read strictly, before its signature is looked at: in the one spelling there is, without
 * a member twice, and without a header that would lead the verification astray.
 * @throws CredentialRefused
 */
export function readCompact(token: string): CompactToken {
  if (token.length > MAX_TOKEN_CHARS) throw new CredentialRefused('a token that is too long');
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isCanonical)) throw new CredentialRefused('not a signed token');
  const header = objectOf(parts[0]!);
  const odd = REFUSED_HEADERS.find((name) => Object.hasOwn(header, name));
  if (odd !== undefined) throw new CredentialRefused(`a header ${odd}`);
  if (!TYPES.has(header['typ'] as string | undefined)) throw new CredentialRefused('a token of another type');
  const { kid } = header;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 255)) throw new CredentialRefused('an odd kid');
  return { header, claims: objectOf(parts[1]!) };
}

/** Decoding skips what does not belong: a second spelling of the same bytes would pass for the first. */
const isCanonical = (part: string): boolean =>
  PART.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;

function objectOf(part: string): Claims {
  let value: unknown;
  try {
    const parsed = parseJson(Buffer.from(part, 'base64url'), BOUNDS);
    if (parsed.reachesForPrototype) throw new CredentialRefused('a member __proto__');
    value = parsed.value;
  } catch (cause) {
    throw cause instanceof CredentialRefused ? cause : new CredentialRefused('a part that is no JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CredentialRefused('a part that is no object');
  return value as Claims;
}
