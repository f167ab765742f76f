import { ServerError } from '@app/mcp';
import { isMapped } from '../access/scopes.js';

const MAX_WORDS = 100;
/** A name of anything about a key: one line. */
export const KEY_NAME = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;

/** What may be shown of a key. */
export interface ApiKey {
  readonly id: string;
  /** What its owner calls it. */
  readonly name: string;
  readonly tenant: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Times in milliseconds since 1970. */
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** The key that takes its place. */
  readonly rotatedTo?: string;
  /** To the minute. */
  readonly lastUsedAt?: number;
}

export type NewApiKey = Pick<ApiKey, 'name' | 'tenant' | 'subject' | 'scopes' | 'roles' | 'createdBy' | 'expiresAt'>;

/** A key that was just made: the only time its text is there to be read. */
export interface MadeApiKey {
  readonly key: ApiKey;
  readonly text: string;
}

/** A row of the table. */
export interface ApiKeyRow {
  readonly id: string;
  readonly salt: string;
  readonly hash: string;
  readonly name: string;
  readonly tenant: string;
  readonly subject: string;
  readonly scopes: string;
  readonly roles: string;
  readonly created_at: number | string;
  readonly created_by: string;
  readonly expires_at: number | string | null;
  readonly revoked_at: number | string | null;
  readonly rotated_to: string | null;
  readonly last_used_at: number | string | null;
}

/** Whether a key is good at a moment. */
export const countsAt = ({ revokedAt, expiresAt }: ApiKey, now: number): boolean =>
  revokedAt === undefined && (expiresAt ?? Infinity) > now;

export function toApiKey(row: ApiKeyRow): ApiKey {
  const optional = (name: string, value: number | string | null): object =>
    value === null ? {} : { [name]: name === 'rotatedTo' ? value : Number(value) };
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenant,
    subject: row.subject,
    scopes: JSON.parse(row.scopes) as string[],
    roles: JSON.parse(row.roles) as string[],
    createdAt: Number(row.created_at),
    createdBy: row.created_by,
    ...optional('expiresAt', row.expires_at),
    ...optional('revokedAt', row.revoked_at),
    ...optional('rotatedTo', row.rotated_to),
    ...optional('lastUsedAt', row.last_used_at),
  };
}

/** @throws ServerError INVALID_ARGUMENT for what cannot become a key */
export function checkNewKey(
  { name, tenant, subject, scopes, roles, createdBy, expiresAt }: NewApiKey,
  now: number,
): void {
  const refuse = (message: string): never => {
    throw new ServerError('INVALID_ARGUMENT', message);
  };
  for (const [what, value] of Object.entries({ name, tenant, subject, maker: createdBy }))
    if (!KEY_NAME.test(value)) refuse(`The ${what} of a key is one line of 1 to 200 characters.`);
  if (scopes.length + roles.length > MAX_WORDS) refuse(`A key has at most ${MAX_WORDS} scopes and roles.`);
  const odd = scopes.find((scope) => !isMapped(scope));
  if (odd !== undefined) refuse('A scope of a key is family:action, family:* or *.');
  if (!roles.every((role) => KEY_NAME.test(role))) refuse('A role of a key is a name.');
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now))
    refuse('A key expires at a time to come.');
}
