import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import { HandOff, InputRequired, type Principal, ProtocolViolation, type Risk, ServerError, ToolCall } from '@app/mcp';
import { type AuditRecord, AuditSink } from '@app/security';
import { Admission } from './admission.js';
import { AuditIntents } from './audit-intents.js';
import { type AuditEntry, AuditTrail } from './audit-trail.js';
import { CallChannel } from './call-channel.js';
import type { CallRequest, Outcome } from './call-request.js';
import { OverdueWork, withDeadline } from './deadline.js';
import { toServerError } from './error-mapping.js';

/** What is recorded of a call. */
export interface Recorded {
  readonly kind: string;
  readonly name: string;
  readonly risk: Risk;
  readonly input: unknown;
}

export interface Work extends Recorded {
  readonly deadlineMs?: number;
  readonly run: (call: ToolCall) => Promise<unknown>;
}

/** Carries out the stages that stand outside of a method's own context: audit, deadline, admission, error mapping. */
@Injectable()
export class CallRunner {
  readonly overdue = new OverdueWork();
  private readonly audit: AuditTrail;

  constructor(
    private readonly admission: Admission,
    private readonly limits: Limits,
    private readonly log: AppLog,
    private readonly intents: AuditIntents,
    sink: AuditSink,
  ) {
    this.audit = new AuditTrail(sink);
  }

  /** @returns the call's id. */
  async recordRefusal(
    { name, ...facts }: Recorded,
    principal: Principal,
    decision: NonNullable<AuditRecord['decision']>,
  ): Promise<string> {
    const entry = this.audit.open({ ...facts, operation: name, principal });
    await entry.close(decision);
    return entry.callId;
  }

  /** @throws ProtocolViolation where the request turns out to be malformed; it is recorded all the same. */
  async run(work: Work, request: CallRequest): Promise<Outcome<unknown>> {
    const { kind, name, risk, input } = work;
    const entry = this.audit.open({ kind, operation: name, risk, input, principal: request.principal });
    const log = this.log.with({ call_id: entry.callId, operation: name, subject: request.principal.subject });
    let outcome: Outcome<unknown>;
    try {
      outcome = await this.attempt(work, request, entry, log);
    } catch (violation) {
      await entry.close('unknown_operation');
      throw violation;
    }
    try {
      await entry.close(outcome.kind === 'failure' ? outcome.error.code : outcome.kind);
    } catch (cause) {
      log.error('the audit sink failed', { err: cause });
      if (outcome.kind === 'failure' && outcome.error.code === 'POLICY_UNAVAILABLE') return outcome;
      const error = unrecorded(risk !== 'read' && outcome.kind !== 'failure', cause);
      return { kind: 'failure', callId: entry.callId, error };
    }
    return outcome;
  }

  private async attempt(work: Work, request: CallRequest, entry: AuditEntry, log: AppLog): Promise<Outcome<unknown>> {
    const { callId } = entry;
    const channel = new CallChannel(request.client);
    try {
      const bounds = {
        deadlineMs: request.deadlineMs ?? work.deadlineMs ?? this.limits.callDeadlineMs,
        whenGone: request.whenGone,
        isLong: request.isLong,
        retryable: work.risk === 'read',
        overdue: this.overdue,
        open: this.admission.open,
        onLateEnd: work.risk === 'read' ? undefined : (error?: unknown) => this.recordLateEnd(entry, log, error),
      };
      const value = await withDeadline(bounds, async (lifetime) => {
        this.admission.enter();
        try {
          const call = new ToolCall({
            id: callId,
            operation: work.name,
            input: work.input,
            principal: request.principal,
            lifetime,
            log,
            client: channel,
            meta: request.meta ?? {},
            answers: request.answers,
            state: request.state,
            askable: request.askable,
            canHandOff: request.canHandOff,
          });
          if (work.risk !== 'read') this.intents.put(call, () => entry.intend());
          return await work.run(call);
        } finally {
          this.admission.leave();
        }
      });
      return { kind: 'success', callId, value };
    } catch (thrown) {
      if (thrown instanceof ProtocolViolation) throw thrown;
      if (thrown instanceof InputRequired)
        return { kind: 'input_required', callId, requests: thrown.requests, state: thrown.state };
      if (thrown instanceof HandOff) return { kind: 'handed_off', callId, state: thrown.state };
      return { kind: 'failure', callId, error: toServerError(thrown, log) };
    } finally {
      channel.end();
    }
  }

  /** The caller was told TIMEOUT or CANCELLED; what became of the change all the same stands in a record of its own. */
  private recordLateEnd(entry: AuditEntry, log: AppLog, error: unknown): void {
    const decision = error === undefined ? 'success' : toServerError(error, log).code;
    Promise.resolve(entry.close(decision, 'late_outcome')).catch((err: unknown) =>
      log.error('the audit sink failed', { err }),
    );
  }
}

/** Nothing is answered that is not recorded; but a change that was made is not denied. */
const unrecorded = (hadEffect: boolean, cause: unknown): ServerError =>
  hadEffect
    ? new ServerError('POLICY_UNAVAILABLE', 'The call ran, but how it ended could not be recorded.', {
        cause,
        hint: 'Look at what it should have changed before you repeat it.',
      })
    : new ServerError('POLICY_UNAVAILABLE', 'The call could not be recorded.', { cause });
