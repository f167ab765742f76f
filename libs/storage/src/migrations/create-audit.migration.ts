import type { SchemaChange, TableWords } from './schema-change.js';

/** The chains of audit records, one for each server process that wrote any, and the signed heads of them. */
export function createAudit({ table, text, bigint, ending }: TableWords): SchemaChange {
  const [records, heads] = [table('mcp_audit'), table('mcp_audit_heads')];
  return {
    name: 'CreateAudit1795000000000',
    up: [
      `CREATE TABLE ${records} (
        instance ${text} NOT NULL,
        seq ${bigint} NOT NULL,
        at ${bigint} NOT NULL,
        phase ${text} NOT NULL,
        kind ${text} NOT NULL,
        operation ${text} NOT NULL,
        tenant ${text} NOT NULL,
        decision ${text},
        call_id ${text} NOT NULL,
        facts ${text} NOT NULL,
        personal ${text},
        prev ${text} NOT NULL,
        hash ${text} NOT NULL,
        PRIMARY KEY (instance, seq)
      )${ending}`,
      `CREATE INDEX mcp_audit_time ON ${records} (at)`,
      `CREATE INDEX mcp_audit_tenant ON ${records} (tenant, at)`,
      `CREATE INDEX mcp_audit_operation ON ${records} (operation, at)`,
      `CREATE INDEX mcp_audit_call ON ${records} (call_id)`,
      `CREATE TABLE ${heads} (
        instance ${text} NOT NULL,
        seq ${bigint} NOT NULL,
        kind ${text} NOT NULL,
        at ${bigint} NOT NULL,
        hash ${text} NOT NULL,
        signature ${text} NOT NULL,
        key_id ${text} NOT NULL,
        PRIMARY KEY (instance, seq, kind)
      )${ending}`,
    ],
    down: [`DROP TABLE ${heads}`, `DROP TABLE ${records}`],
  };
}
