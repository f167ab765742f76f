import type { AuditRecord } from './audit-record.js';

/**
 * Where audit records go. A sink that throws denies the call: what cannot be recorded does not happen.
 */
export abstract class AuditSink {
  abstract record(record: AuditRecord): void | Promise<void>;
}
