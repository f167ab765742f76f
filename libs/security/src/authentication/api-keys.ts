import { ServerError } from '@app/mcp';
import { SqlDatabase } from '@app/storage';
import { apiKeyText, hashOf, isSame, newApiKey, newSalt, readApiKey } from './api-key.js';
import {
  type ApiKey,
  type ApiKeyRow,
  checkNewKey,
  countsAt,
  KEY_NAME,
  type MadeApiKey,
  type NewApiKey,
  toApiKey,
} from './api-key-record.js';
import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';

const USED_EVERY_MS = 60_000;
const MAX_LISTED = 1_000;
/** Compared with where there is no key, so that an unknown one takes as long as a wrong one. */
const NO_KEY = { salt: newSalt(), hash: hashOf('', newSalt()) };

/** Keys of callers that are no people: made, listed, exchanged and revoked. Of their secrets only a salted hash is kept. */
export class ApiKeys {
  /** @param now milliseconds since 1970 */
  constructor(
    private readonly database: SqlDatabase,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws ServerError INVALID_ARGUMENT */
  async create(given: NewApiKey): Promise<MadeApiKey> {
    checkNewKey(given, this.now());
    return this.database.run((statement) => this.insert(statement, given));
  }

  /** Newest first. */
  async list(tenant?: string): Promise<readonly ApiKey[]> {
    const { rows } = await this.database.run((statement) =>
      statement<ApiKeyRow>(
        `SELECT * FROM ${this.table} WHERE $1 = '' OR tenant = $1 ORDER BY created_at DESC, id LIMIT ${MAX_LISTED}`,
        [tenant ?? ''],
      ),
    );
    return rows.map(toApiKey);
  }

  /** @throws ServerError NOT_FOUND */
  async revoke(id: string, tenant?: string): Promise<ApiKey> {
    const found = await this.find(id, tenant);
    await this.database.run((statement) =>
      statement(`UPDATE ${this.table} SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, [id, this.now()]),
    );
    return { ...found, revokedAt: found.revokedAt ?? this.now() };
  }

  /**
   * Makes a key that takes the place of another, which goes on for a while.
   * @param graceMs how long the old one still counts
   * @throws ServerError NOT_FOUND, INVALID_ARGUMENT, CONFLICT for one that counts no more
   */
  async rotate(id: string, graceMs: number, createdBy: string, tenant?: string): Promise<MadeApiKey> {
    if (!Number.isSafeInteger(graceMs) || graceMs < 0 || !KEY_NAME.test(createdBy))
      throw new ServerError('INVALID_ARGUMENT', 'A key is exchanged by somebody, and goes on for a number of ms.');
    const old = await this.find(id, tenant);
    const now = this.now();
    if (old.revokedAt !== undefined || old.rotatedTo !== undefined || (old.expiresAt ?? Infinity) <= now)
      throw new ServerError('CONFLICT', 'The key counts no more, or was exchanged before.');
    return this.database.transaction(async (statement) => {
      const made = await this.insert(statement, { ...old, createdBy });
      const ends = Math.min(old.expiresAt ?? Infinity, now + graceMs);
      const { count } = await statement(
        `UPDATE ${this.table} SET rotated_to = $2, expires_at = $3 WHERE id = $1 AND rotated_to IS NULL AND revoked_at IS NULL`,
        [id, made.key.id, ends],
      );
      if (count !== 1) throw new ServerError('CONFLICT', 'The key was exchanged or revoked at the same time.');
      return made;
    });
  }

  /** Who shows the key. @throws CredentialRefused; ServerError POLICY_UNAVAILABLE when it cannot be known */
  async verify(text: string): Promise<Identity> {
    const parts = readApiKey(text);
    if (parts === undefined) throw new CredentialRefused('no key');
    const row = await this.rowOf(parts.id);
    const { salt, hash } = row ?? NO_KEY;
    if (!isSame(hashOf(parts.secret, salt), hash) || row === undefined) throw new CredentialRefused('an unknown key');
    const now = this.now();
    const key = toApiKey(row);
    if (!countsAt(key, now)) throw new CredentialRefused('a key that counts no more');
    await this.noteUse(key, now);
    const { subject, tenant, scopes, roles, id: tokenId, expiresAt } = key;
    return {
      subject,
      tenant,
      scopes,
      roles,
      actors: [],
      method: 'api_key',
      tokenId,
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }

  /** Whether the key still counts; asking is a use of it. @throws ServerError POLICY_UNAVAILABLE when it cannot be known */
  async isValid(id: string): Promise<boolean> {
    const row = await this.rowOf(id);
    const now = this.now();
    if (row === undefined || !countsAt(toApiKey(row), now)) return false;
    await this.noteUse(toApiKey(row), now);
    return true;
  }

  private get table(): string {
    return this.database.table('mcp_api_keys');
  }

  private async find(id: string, tenant?: string): Promise<ApiKey> {
    const row = await this.rowOf(id);
    if (row === undefined || (tenant !== undefined && row.tenant !== tenant))
      throw new ServerError('NOT_FOUND', 'There is no such key.');
    return toApiKey(row);
  }

  private async rowOf(id: string): Promise<ApiKeyRow | undefined> {
    const { rows } = await this.database.run((statement) =>
      statement<ApiKeyRow>(`SELECT * FROM ${this.table} WHERE id = $1`, [id]),
    );
    return rows[0];
  }

  private async insert(
    statement: Parameters<Parameters<SqlDatabase['run']>[0]>[0],
    { name, tenant, subject, scopes, roles, createdBy, expiresAt }: NewApiKey,
  ): Promise<MadeApiKey> {
    const parts = newApiKey();
    const salt = newSalt();
    const createdAt = this.now();
    await statement(
      `INSERT INTO ${this.table} (id, salt, hash, name, tenant, subject, scopes, roles, created_at, created_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        parts.id,
        salt,
        hashOf(parts.secret, salt),
        name,
        tenant,
        subject,
        JSON.stringify(scopes),
        JSON.stringify(roles),
        createdAt,
        createdBy,
        expiresAt ?? null,
      ],
    );
    const end = expiresAt === undefined ? {} : { expiresAt };
    const key = { id: parts.id, name, tenant, subject, scopes, roles, createdAt, createdBy, ...end };
    return { key, text: apiKeyText(parts) };
  }

  private async noteUse({ id, lastUsedAt = -Infinity }: ApiKey, now: number): Promise<void> {
    if (now - lastUsedAt < USED_EVERY_MS) return;
    await this.database.run((statement) =>
      statement(`UPDATE ${this.table} SET last_used_at = $2 WHERE id = $1`, [id, now]),
    );
  }
}
