import type { AuditRecord } from './audit-record.js';
import type { AuditSink } from './audit-sink.js';

export type SecurityOperation =
  | 'authentication'
  | 'key_created'
  | 'key_rotated'
  | 'key_revoked'
  | 'token_revoked'
  | 'approval_decided'
  | 'policy_changed'
  | 'policy_refused'
  | 'config_loaded'
  | 'erasure'
  | 'retention'
  | 'audit_started'
  | 'audit_recovered'
  | 'audit_heads';

/** Who did it, what it was, how it ended. */
export interface SecurityEvent extends Pick<
  AuditRecord,
  'decision' | 'actors' | 'via' | 'transport' | 'policyVersion' | 'traceId' | 'address' | 'reason' | 'details'
> {
  readonly operation: SecurityOperation;
  /** Default: the server itself. */
  readonly tenant?: string;
  readonly subject?: string;
}

/** What happens to the server's own security, recorded where calls are. */
export class SecurityEvents {
  /**
   * @param nextId gives every event an id of its own
   * @param now milliseconds since 1970
   */
  constructor(
    private readonly sink: AuditSink,
    private readonly nextId: () => string,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws what the sink throws: what cannot be recorded must not happen */
  async record({
    operation,
    tenant = SERVER,
    subject = SERVER,
    decision = 'success',
    ...facts
  }: SecurityEvent): Promise<void> {
    const place = { phase: 'event', at: this.now(), callId: this.nextId(), kind: 'security', operation } as const;
    await this.sink.record({ ...place, risk: 'write', tenant, subject, inputDigest: '', decision, ...facts });
  }
}

const SERVER = 'server';
