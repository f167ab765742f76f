import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const ID_BYTES = 12;
const SECRET_BYTES = 32;
const SALT_BYTES = 16;
const FORM = /^mse_([A-Za-z0-9_-]{16})_([A-Za-z0-9_-]{43})$/;

/** A key as its owner holds it: `mse_<id>_<secret>`. */
export interface ApiKeyParts {
  /** Finds the key among all; no secret. */
  readonly id: string;
  readonly secret: string;
}

export const newApiKey = (): ApiKeyParts => ({
  id: randomBytes(ID_BYTES).toString('base64url'),
  secret: randomBytes(SECRET_BYTES).toString('base64url'),
});

export const apiKeyText = ({ id, secret }: ApiKeyParts): string => `mse_${id}_${secret}`;

/** @returns undefined for a text that is no key */
export function readApiKey(text: string): ApiKeyParts | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export const newSalt = (): string => randomBytes(SALT_BYTES).toString('base64url');

/** What is kept of a secret. It is 256 random bits, so that nobody could find it by trying. */
export const hashOf = (secret: string, salt: string): string =>
  createHmac('sha256', salt).update(secret).digest('base64url');

/** In a time that does not depend on where they differ. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
