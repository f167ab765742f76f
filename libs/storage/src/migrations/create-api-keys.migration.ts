import type { SchemaChange, TableWords } from './schema-change.js';

/** Keys of callers: a salted hash of each, and who it stands for. `scopes` and `roles` are JSON. */
export function createApiKeys({ table, text, bigint, ending }: TableWords): SchemaChange {
  const keys = table('mcp_api_keys');
  return {
    name: 'CreateApiKeys1795000001000',
    up: [
      `CREATE TABLE ${keys} (
        id ${text} NOT NULL PRIMARY KEY,
        salt ${text} NOT NULL,
        hash ${text} NOT NULL,
        name ${text} NOT NULL,
        tenant ${text} NOT NULL,
        subject ${text} NOT NULL,
        scopes ${text} NOT NULL,
        roles ${text} NOT NULL,
        created_at ${bigint} NOT NULL,
        created_by ${text} NOT NULL,
        expires_at ${bigint},
        revoked_at ${bigint},
        rotated_to ${text},
        last_used_at ${bigint}
      )${ending}`,
    ],
    down: [`DROP TABLE ${keys}`],
  };
}
