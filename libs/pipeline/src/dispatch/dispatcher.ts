import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import {
  type CompletionQuery,
  HandOff,
  InputRequired,
  type ListQuery,
  type PromptMessage,
  ProtocolViolation,
  type ResourceContents,
  type ResourcePage,
  RichResult,
  type Risk,
  ServerError,
  ToolCall,
} from '@app/mcp';
import { AuditSink } from '@app/security';
import type { Completer, Operation, ResourceOperation } from '../registry/operation.js';
import { OperationRegistry } from '../registry/operation.registry.js';
import { checkOutput } from '../stages/output-validation.js';
import { quote } from '../stages/input-validation.js';
import { Admission } from './admission.js';
import { AuditIntents } from './audit-intents.js';
import { AuditTrail } from './audit-trail.js';
import type { CallRequest, Failure, Outcome, ToolValue } from './call-request.js';
import { OverdueWork, withDeadline } from './deadline.js';
import { toServerError } from './error-mapping.js';

interface Work {
  readonly kind: string;
  readonly name: string;
  readonly risk: Risk;
  readonly input: unknown;
  readonly deadlineMs?: number;
  readonly run: (call: ToolCall) => Promise<unknown>;
}

/**
 * The choke point: every call of every transport and era comes through here exactly once, lists and completions
 * included. It carries the stages that stand outside a method's own: audit, deadline, admission.
 */
@Injectable()
export class Dispatcher {
  readonly overdue = new OverdueWork();
  private readonly audit: AuditTrail;

  constructor(
    private readonly registry: OperationRegistry,
    private readonly admission: Admission,
    private readonly limits: Limits,
    private readonly log: AppLog,
    private readonly intents: AuditIntents,
    sink: AuditSink,
  ) {
    this.audit = new AuditTrail(sink);
  }

  /** @throws ProtocolViolation for an unknown tool. */
  async callTool(name: string, input: unknown, request: CallRequest): Promise<Outcome<ToolValue>> {
    const tool = this.registry.tool(name);
    if (tool === undefined) return this.refuseUnknown('tool', name, input, request);
    const outcome = await this.run(
      { ...workOf(tool), input, run: async (call) => checkOutput(tool, await tool.invoke(call)) },
      request,
    );
    return outcome.kind === 'success' ? { ...outcome, value: toToolValue(outcome.value) } : outcome;
  }

  /** @throws ProtocolViolation for an unknown prompt or arguments that do not fit. */
  async getPrompt(name: string, input: unknown, request: CallRequest): Promise<Outcome<readonly PromptMessage[]>> {
    const prompt = this.registry.prompt(name);
    if (prompt === undefined) return this.refuseUnknown('prompt', name, input, request);
    const outcome = await this.run({ ...workOf(prompt), input, run: (call) => prompt.invoke(call) }, request);
    return outcome as Outcome<readonly PromptMessage[]>;
  }

  /** @throws ProtocolViolation where no resource has this URI. */
  async readResource(uri: string, request: CallRequest): Promise<Outcome<readonly ResourceContents[]>> {
    const found = this.registry.resourceFor(uri);
    if (found === undefined) return this.refuseUnknown('resource', uri, uri, request, { uri });
    const { operation, variables } = found;
    const outcome = await this.run(
      { ...workOf(operation), input: variables, run: (call) => operation.invoke(call) },
      request,
    );
    if (outcome.kind !== 'success') return outcome;
    const value = (Array.isArray(outcome.value) ? outcome.value : [outcome.value]) as ResourceContents[];
    return { ...outcome, value };
  }

  /** One page of what a template matches. */
  async listResources(
    resource: ResourceOperation,
    query: ListQuery,
    request: CallRequest,
  ): Promise<Outcome<ResourcePage>> {
    const { list } = resource;
    if (list === undefined) throw new Error(`${resource.name} cannot be listed`);
    const work = { ...workOf(resource), kind: 'list', input: query, run: async (call: ToolCall) => list(query, call) };
    return (await this.run(work, request)) as Outcome<ResourcePage>;
  }

  async complete(
    operation: Operation,
    completer: Completer,
    query: CompletionQuery,
    request: CallRequest,
  ): Promise<Outcome<readonly string[]>> {
    const run = async (call: ToolCall): Promise<unknown> => completer(query, call);
    return (await this.run({ ...workOf(operation), kind: 'completion', input: query, run }, request)) as Outcome<
      readonly string[]
    >;
  }

  /** What has no method behind it, a list that is the same for every call or a look at a task: recorded and bounded like a call. */
  record(kind: string, name: string, input: unknown, request: CallRequest): Promise<Outcome<unknown>> {
    return this.run({ kind, name, risk: 'read', input, run: async () => undefined }, request);
  }

  /** A call that is refused before it could start, e.g. because no further task can be kept: recorded like any other. */
  async refuse(tool: Operation, input: unknown, request: CallRequest, error: ServerError): Promise<Failure> {
    const { kind, name, risk } = tool;
    const entry = this.audit.open({ kind, operation: name, risk, input, principal: request.principal });
    await entry.close(error.code);
    return { kind: 'failure', callId: entry.callId, error };
  }

  private async refuseUnknown(
    kind: string,
    name: string,
    input: unknown,
    request: CallRequest,
    data?: Record<string, unknown>,
  ): Promise<never> {
    const entry = this.audit.open({ kind, operation: 'unknown', risk: 'read', input, principal: request.principal });
    await entry.close('unknown_operation');
    throw new ProtocolViolation(kind === 'resource' ? 'Resource not found' : `Unknown ${kind}: ${quote(name)}`, data);
  }

  private async run(work: Work, request: CallRequest): Promise<Outcome<unknown>> {
    const { kind, name, risk, input } = work;
    const entry = this.audit.open({ kind, operation: name, risk, input, principal: request.principal });
    const log = this.log.with({ call_id: entry.callId, operation: name, subject: request.principal.subject });
    let outcome: Outcome<unknown>;
    try {
      outcome = await this.attempt(
        work,
        request,
        entry.callId,
        log,
        risk === 'read' ? undefined : () => entry.intend(),
      );
    } catch (violation) {
      await entry.close('unknown_operation');
      throw violation;
    }
    try {
      await entry.close(outcome.kind === 'failure' ? outcome.error.code : outcome.kind);
    } catch (cause) {
      log.error('the audit sink failed', { err: cause });
      return this.fail(
        entry.callId,
        new ServerError('POLICY_UNAVAILABLE', 'The call could not be recorded.', { cause }),
      );
    }
    return outcome;
  }

  private async attempt(
    work: Work,
    request: CallRequest,
    callId: string,
    log: AppLog,
    intend: (() => Promise<void>) | undefined,
  ): Promise<Outcome<unknown>> {
    try {
      const bounds = {
        deadlineMs: request.deadlineMs ?? work.deadlineMs ?? this.limits.callDeadlineMs,
        whenGone: request.whenGone,
        retryable: work.risk === 'read',
        overdue: this.overdue,
        open: this.admission.open,
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
            client: request.client,
            meta: request.meta ?? {},
            answers: request.answers,
            state: request.state,
            askable: request.askable,
            canHandOff: request.canHandOff,
          });
          if (intend !== undefined) this.intents.put(call, intend);
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
      return this.fail(callId, toServerError(thrown, log));
    }
  }

  private fail(callId: string, error: ServerError): Outcome<never> {
    return { kind: 'failure', callId, error };
  }
}

const workOf = ({ kind, name, risk, deadlineMs }: Operation) => ({ kind, name, risk, deadlineMs });

function toToolValue(value: unknown): ToolValue {
  if (value instanceof RichResult) return { content: value.content, structured: value.structured };
  return { content: [], structured: value as Record<string, unknown> };
}
