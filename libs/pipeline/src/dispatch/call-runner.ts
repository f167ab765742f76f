import { Injectable } from '@nestjs/common';
import { Limits, PolicySource } from '@app/config';
import { AppLog, redactText } from '@app/logging';
import { HandOff, InputRequired, type Principal, ProtocolViolation, type Risk, ServerError } from '@app/mcp';
import { CallMetrics, type OperationMetrics } from '@app/metrics';
import { type AuditRecord, AuditSink, KnownSecrets } from '@app/security';
import { CallTrace } from '../call/call-trace.js';
import { OverdueWork } from '../call/overdue-work.js';
import { RecentCalls } from '../call/recent-calls.js';
import { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { RepeatedFailures } from '../gates/repeated-failures.js';
import { LivePolicy } from '../policies/live-policy.js';
import { indexOf } from '../stages/stages.js';
import { Admission } from './admission.js';
import { type AuditEntry, AuditTrail } from './audit-trail.js';
import { CallChannel } from './call-channel.js';
import type { CallRequest, Outcome } from './call-request.js';
import { withDeadline } from './deadline.js';
import { RefusalFloods } from './refusal-floods.js';
import { toServerError } from './error-mapping.js';

/** What is recorded of a call. */
export interface Recorded {
  readonly kind: string;
  readonly name: string;
  readonly risk: Risk;
  readonly input: unknown;
}

export interface Work {
  readonly subject: Subject;
  readonly input: unknown;
  readonly run: (call: RunningCall) => Promise<unknown>;
}

type Decision = NonNullable<AuditRecord['decision']>;

const AUDIT = indexOf('audit');
const DEADLINE = indexOf('deadline');
const ADMISSION = indexOf('admission');
/** Stages are timed for one call in so many: a histogram costs more than most stages. */
const TIMED_ONE_IN = 64;

/** Everything that belongs to one run of one call. */
interface Run {
  readonly work: Work;
  readonly request: CallRequest;
  readonly entry: AuditEntry;
  readonly trace: CallTrace;
  readonly metrics: OperationMetrics;
  readonly log: AppLog;
  /** Set once the call was admitted. */
  call?: RunningCall;
  /** While the method, or what encloses it, has not ended. */
  working?: Promise<unknown>;
}

/** Carries out the stages that stand outside of a method's own context: audit, deadline, admission, error mapping. */
@Injectable()
export class CallRunner {
  private readonly audit: AuditTrail;
  private calls = 0;

  constructor(
    readonly overdue: OverdueWork,
    private readonly admission: Admission,
    private readonly limits: Limits,
    private readonly log: AppLog,
    private readonly metrics: CallMetrics,
    private readonly policy: LivePolicy,
    private readonly failures: RepeatedFailures,
    private readonly recent: RecentCalls,
    private readonly floods: RefusalFloods,
    private readonly secrets: KnownSecrets,
    sink: AuditSink,
    source: PolicySource,
  ) {
    this.audit = new AuditTrail(sink, source, (text) => redactText(secrets.redactText(text)));
  }

  /** @returns the call's id. */
  async recordRefusal(
    { kind, name, risk, input }: Recorded,
    principal: Principal,
    decision: Decision,
  ): Promise<string> {
    const entry = this.audit.open({ kind, operation: name, risk, input, principal });
    const metrics = this.metrics.of(kind, name);
    metrics.started();
    metrics.ended(decision, secondsSince(entry.startedAt));
    try {
      if (!this.floods.absorbs({ principal, kind, operation: name, risk }, decision)) await entry.close(decision, []);
    } catch (err) {
      this.log.error('the audit sink failed', { err });
    }
    return entry.callId;
  }

  /** @throws ProtocolViolation where the request turns out to be malformed; it is recorded all the same. */
  async run(work: Work, request: CallRequest): Promise<Outcome<unknown>> {
    const { kind, name, risk } = work.subject;
    const entry = this.audit.open({
      kind,
      operation: name,
      risk,
      input: work.input,
      principal: request.principal,
      meta: request.meta,
      source: request.source,
    });
    const { callId, startedAt } = entry;
    const trace = new CallTrace(callId, name, startedAt);
    const metrics = this.metrics.of(kind, name);
    const log = this.log.with({ call_id: callId, operation: name, subject: request.principal.subject });
    const run: Run = { work, request, entry, trace, metrics, log };
    trace.enter(AUDIT);
    metrics.started();
    let outcome: Outcome<unknown>;
    try {
      outcome = await this.attempt(run);
    } catch (violation) {
      metrics.ended('protocol_error', secondsSince(startedAt));
      await this.close(run, 'protocol_error');
      throw violation;
    }
    if (outcome.kind === 'failure') this.noteRefusal(run, outcome.error);
    if (risk !== 'read') this.recordLateEnd(run);
    if (run.call !== undefined) this.failures.record(run.call, outcome.kind === 'failure' ? outcome.error : undefined);
    try {
      const closing =
        outcome.kind === 'failure'
          ? this.close(run, outcome.error.code, outcome.error.message)
          : this.close(run, outcome.kind);
      if (closing !== undefined) await closing;
    } catch (cause) {
      log.error('the audit sink failed', { err: cause });
      if (outcome.kind !== 'failure' || outcome.error.code !== 'POLICY_UNAVAILABLE')
        outcome = { kind: 'failure', callId, error: unrecorded(risk !== 'read' && outcome.kind !== 'failure', cause) };
    }
    if (run.call?.quota !== undefined) request.onQuota?.(run.call.quota);
    // Counted as what the caller is told.
    metrics.ended(outcome.kind === 'failure' ? outcome.error.code : outcome.kind, secondsSince(startedAt));
    return outcome;
  }

  /** Records the end of a call. @throws what the audit sink throws */
  private close({ entry, trace, work, request, call }: Run, decision: Decision, reason?: string): void | Promise<void> {
    this.recent.add(trace);
    if (++this.calls % TIMED_ONE_IN === 0) this.timeStages(trace);
    const { kind, name: operation, risk } = work.subject;
    const wasRefused = call === undefined || call.methodRuns === 0;
    if (wasRefused && this.floods.absorbs({ principal: request.principal, kind, operation, risk }, decision)) return;
    return entry.close(decision, trace.notes, { reason });
  }

  private timeStages(trace: CallTrace): void {
    const stages = trace.stages();
    stages.forEach(({ stage, atMs }, index) => {
      const next = stages[index + 1];
      if (next !== undefined) this.metrics.stageTook(stage, (next.atMs - atMs) / 1_000);
    });
  }

  /** A failure before the method is the refusal of the stage the call had reached. */
  private noteRefusal({ call, trace, metrics }: Run, { code }: ServerError): void {
    const stage = trace.stage;
    if (stage === undefined || (call !== undefined && call.methodRuns > 0)) return;
    trace.note(stage, `refused ${code}`);
    metrics.decided(stage, `refused ${code}`);
  }

  private async attempt(run: Run): Promise<Outcome<unknown>> {
    const { work, request, entry, trace, log } = run;
    const { callId } = entry;
    const { subject } = work;
    const channel = new CallChannel(request.client);
    const changes = subject.risk !== 'read';
    try {
      trace.enter(DEADLINE);
      const bounds = {
        deadlineMs: request.deadlineMs ?? this.policy.deadlineMsOf(subject) ?? this.limits.callDeadlineMs,
        whenGone: request.whenGone,
        isLong: request.isLong,
        retryable: subject.isRepeatable,
        overdue: this.overdue,
        open: this.admission.open,
      };
      const value = await withDeadline(bounds, async (lifetime) => {
        trace.enter(ADMISSION);
        const leave = this.admission.enter(request.principal);
        const call = new RunningCall({
          id: callId,
          operation: subject.name,
          input: work.input,
          principal: request.principal,
          lifetime,
          log,
          client: channel,
          meta: request.meta ?? NO_META,
          answers: request.answers,
          state: request.state,
          askable: request.askable,
          canHandOff: request.canHandOff,
          subject,
          inputDigest: entry.inputDigest,
          trace,
          metrics: run.metrics,
          intend: changes ? () => entry.intend() : undefined,
        });
        run.call = call;
        run.working = work.run(call);
        try {
          return await run.working;
        } finally {
          run.working = undefined;
          const ending = call.workEnds();
          if (ending === undefined) leave();
          else void ending.then(leave);
        }
      });
      const degraded = run.call?.degraded;
      return degraded === undefined ? { kind: 'success', callId, value } : { kind: 'success', callId, value, degraded };
    } catch (thrown) {
      if (thrown instanceof ProtocolViolation) throw thrown;
      if (thrown instanceof InputRequired)
        return { kind: 'input_required', callId, requests: thrown.requests, state: thrown.state };
      if (thrown instanceof HandOff) return { kind: 'handed_off', callId, state: thrown.state };
      return { kind: 'failure', callId, error: this.withoutSecrets(toServerError(thrown, log)) };
    } finally {
      channel.end();
    }
  }

  private withoutSecrets(error: ServerError): ServerError {
    const { code, retryable, retryAfterMs, cause } = error;
    const message = this.clean(error.message);
    const hint = error.hint === undefined ? undefined : this.clean(error.hint);
    if (message === error.message && hint === error.hint) return error;
    return new ServerError(code, message, { retryable, retryAfterMs, hint, cause });
  }

  /** Of our own secrets, and of what looks like somebody's. */
  private clean(text: string): string {
    return redactText(this.secrets.redactText(text), SECRETS_ONLY);
  }

  /** What became of a change that goes on after its caller was answered stands in a record of its own. */
  private recordLateEnd({ entry, log, trace, call, working }: Run): void {
    const last = call?.outliving.at(-1) ?? working;
    if (last === undefined) return;
    const endOf = async (): Promise<Decision> => {
      try {
        await last;
        // The attempt that was given up when the call was: only now it is known.
        const later = call?.outliving.at(-1);
        if (later !== undefined && later !== last) await later;
        return 'success';
      } catch (thrown) {
        const later = call?.outliving.at(-1);
        if (later !== undefined && later !== last)
          return later.then(
            () => 'success',
            (error: unknown) => lateCode(error, log),
          );
        return lateCode(thrown, log);
      }
    };
    void endOf()
      .then((decision) => entry.close(decision, trace.notes, { phase: 'late_outcome' }))
      .catch((err: unknown) => log.error('the audit sink failed', { err }));
  }
}

const NO_META = Object.freeze({});
/** Who calls may read the names of people in his own data. */
const SECRETS_ONLY = { classes: ['secret'] } as const;
const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1_000;

/** Work that stopped because it was told to is no defect. */
const lateCode = (error: unknown, log: AppLog): Decision =>
  error instanceof Error && error.name === 'AbortError' ? 'CANCELLED' : toServerError(error, log).code;

/** Nothing is answered that is not recorded; but a change that was made is not denied. */
const unrecorded = (hadEffect: boolean, cause: unknown): ServerError =>
  hadEffect
    ? new ServerError('POLICY_UNAVAILABLE', 'The call ran, but how it ended could not be recorded.', {
        cause,
        hint: 'Look at what it should have changed before you repeat it.',
      })
    : new ServerError('POLICY_UNAVAILABLE', 'The call could not be recorded.', { cause });
