import type { SchemaChange, TableWords } from './schema-change.js';

/** Calls that wait, or waited, for somebody's consent. */
export function createApprovals({ table, text, bigint, ending }: TableWords): SchemaChange {
  const approvals = table('mcp_approvals');
  return {
    name: 'CreateApprovals1795000002000',
    up: [
      `CREATE TABLE ${approvals} (
        id ${text} NOT NULL PRIMARY KEY,
        caller ${text} NOT NULL,
        tenant ${text} NOT NULL,
        subject ${text} NOT NULL,
        operation ${text} NOT NULL,
        digest ${text} NOT NULL,
        state ${text},
        summary ${text} NOT NULL,
        approver ${text} NOT NULL,
        status ${text} NOT NULL,
        decided_by ${text},
        decided_at ${bigint},
        created_at ${bigint} NOT NULL,
        expires_at ${bigint} NOT NULL
      )${ending}`,
      `CREATE INDEX mcp_approvals_status ON ${approvals} (status, expires_at)`,
    ],
    down: [`DROP TABLE ${approvals}`],
  };
}
