import { hash } from 'node:crypto';
import type { PolicySource } from '@app/config';
import type { Principal, Risk } from '@app/mcp';
import { ServerError } from '@app/mcp';
import type { AuditRecord, AuditSink } from '@app/security';
import type { CallSource } from './call-request.js';
import { nextCallId } from './call-id.js';

interface CallFacts {
  readonly kind: string;
  readonly operation: string;
  readonly risk: Risk;
  readonly input: unknown;
  readonly principal: Principal;
  /** `_meta` of the call: it may name the trace the call belongs to. */
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly source?: CallSource;
  readonly policyVersion: string;
}

/** Longer arguments are cut before they are recorded; their digest is of the whole. */
const MAX_ARGUMENT_CHARS = 2_048;
const MAX_REASON_CHARS = 500;
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

type Decision = NonNullable<AuditRecord['decision']>;

/** The audit entry of one call: opened before anything else happens, closed exactly once. */
export class AuditEntry {
  readonly callId = nextCallId();
  /** Monotonic, ms. */
  readonly startedAt = performance.now();
  private readonly facts: Omit<AuditRecord, 'phase' | 'at'>;
  /** Until they are recorded, with the first record of the call. */
  private arguments?: string;

  constructor(
    { kind, operation, risk, input, principal, meta, source, policyVersion }: CallFacts,
    private readonly sink: AuditSink,
    private readonly redact: (text: string) => string,
  ) {
    const text = JSON.stringify(input) ?? '';
    const { actors, via } = principal;
    const traceId = traceOf(meta?.['traceparent']);
    this.arguments = text;
    this.facts = {
      callId: this.callId,
      kind,
      operation,
      risk,
      tenant: principal.tenant,
      subject: principal.subject,
      inputDigest: hash('sha256', text),
      policyVersion,
      ...(actors.length > 0 && { actors }),
      ...(via !== undefined && { via }),
      ...(traceId !== undefined && { traceId }),
      ...source,
    };
  }

  /** sha256 of the arguments as they were sent, hex. */
  get inputDigest(): string {
    return this.facts.inputDigest;
  }

  /** Before the effect. @throws ServerError POLICY_UNAVAILABLE, so that an effect that cannot be recorded does not happen. */
  async intend(): Promise<void> {
    try {
      await this.sink.record({ phase: 'intent', at: Date.now(), ...this.facts, ...this.argumentsOnce() });
    } catch (cause) {
      throw new ServerError('POLICY_UNAVAILABLE', 'The call could not be recorded, so it was not made.', { cause });
    }
  }

  /**
   * After the call, whatever became of it.
   * @param notes what stages decided on the way
   * @param reason why it was refused, as its caller was told
   */
  close(
    decision: Decision,
    notes: readonly string[],
    { phase = 'outcome', reason }: { readonly phase?: 'outcome' | 'late_outcome'; readonly reason?: string } = {},
  ): void | Promise<void> {
    const durationMs = Math.round((performance.now() - this.startedAt) * 1000) / 1000;
    return this.sink.record({
      phase,
      at: Date.now(),
      ...this.facts,
      ...this.argumentsOnce(),
      decision,
      durationMs,
      ...(notes.length > 0 && { notes }),
      ...(reason !== undefined && { reason: shortened(reason, MAX_REASON_CHARS) }),
    });
  }

  /** Without secrets, and cut where they are long. */
  private argumentsOnce(): Pick<AuditRecord, 'arguments'> {
    const text = this.arguments;
    this.arguments = undefined;
    if (text === undefined || text === '' || text === '{}') return {};
    return { arguments: shortened(this.redact(shortened(text, MAX_REDACTED_CHARS)), MAX_ARGUMENT_CHARS) };
  }
}

/** More is not looked through for secrets, and none of it is kept. */
const MAX_REDACTED_CHARS = 4 * MAX_ARGUMENT_CHARS;
const shortened = (text: string, chars: number): string => (text.length <= chars ? text : `${text.slice(0, chars)}…`);
const traceOf = (traceparent: unknown): string | undefined =>
  typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;

/** Stage `audit`: outermost, so that refused, invalid, shed and unknown calls are recorded too. */
export class AuditTrail {
  constructor(
    private readonly sink: AuditSink,
    private readonly policy: PolicySource,
    private readonly redact: (text: string) => string,
  ) {}

  open(facts: Omit<CallFacts, 'policyVersion'>): AuditEntry {
    return new AuditEntry({ ...facts, policyVersion: this.policy.version }, this.sink, this.redact);
  }
}
