import { hash } from 'node:crypto';
import type { Principal, Risk } from '@app/mcp';
import { ServerError } from '@app/mcp';
import type { AuditRecord, AuditSink } from '@app/security';
import { nextCallId } from './call-id.js';

interface CallFacts {
  readonly kind: string;
  readonly operation: string;
  readonly risk: Risk;
  readonly input: unknown;
  readonly principal: Principal;
}

type Decision = NonNullable<AuditRecord['decision']>;

/** The audit entry of one call: opened before anything else happens, closed exactly once. */
export class AuditEntry {
  readonly callId = nextCallId();
  /** Monotonic, ms. */
  readonly startedAt = performance.now();
  private readonly facts: Omit<AuditRecord, 'phase' | 'at'>;

  constructor(
    { kind, operation, risk, input, principal }: CallFacts,
    private readonly sink: AuditSink,
  ) {
    this.facts = {
      callId: this.callId,
      kind,
      operation,
      risk,
      tenant: principal.tenant,
      subject: principal.subject,
      inputDigest: hash('sha256', JSON.stringify(input) ?? ''),
    };
  }

  /** sha256 of the arguments as they were sent, hex. */
  get inputDigest(): string {
    return this.facts.inputDigest;
  }

  /** Before the effect. @throws ServerError POLICY_UNAVAILABLE, so that an effect that cannot be recorded does not happen. */
  async intend(): Promise<void> {
    try {
      await this.sink.record({ phase: 'intent', at: Date.now(), ...this.facts });
    } catch (cause) {
      throw new ServerError('POLICY_UNAVAILABLE', 'The call could not be recorded, so it was not made.', { cause });
    }
  }

  /**
   * After the call, whatever became of it.
   * @param notes what stages decided on the way
   */
  close(
    decision: Decision,
    notes: readonly string[],
    phase: 'outcome' | 'late_outcome' = 'outcome',
  ): void | Promise<void> {
    const durationMs = Math.round((performance.now() - this.startedAt) * 1000) / 1000;
    const record = { phase, at: Date.now(), ...this.facts, decision, durationMs };
    return this.sink.record(notes.length === 0 ? record : { ...record, notes });
  }
}

/** Stage `audit`: outermost, so that refused, invalid, shed and unknown calls are recorded too. */
export class AuditTrail {
  constructor(private readonly sink: AuditSink) {}

  open(facts: CallFacts): AuditEntry {
    return new AuditEntry(facts, this.sink);
  }
}
