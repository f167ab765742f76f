import { Injectable } from '@nestjs/common';
import {
  type CompletionQuery,
  type ListQuery,
  type PromptMessage,
  ProtocolViolation,
  type ResourceContents,
  type ResourcePage,
  RichResult,
  type ServerError,
  text,
} from '@app/mcp';
import { AfterStages } from '../around/after-stages.js';
import { Onion } from '../around/onion.js';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { Gates } from '../gates/gates.js';
import { quote } from '../gates/input-validation.js';
import { CallLimits } from '../policies/call-limits.policy.js';
import { Policies } from '../policies/policy.js';
import type { Completer, Operation, ResourceOperation } from '../registry/operation.js';
import { OperationRegistry } from '../registry/operation.registry.js';
import type { CallRequest, Failure, Outcome, ToolValue } from './call-request.js';
import { CallRunner } from './call-runner.js';

/**
 * The choke point: every call of every transport and era comes through here exactly once, lists and completions
 * included. It knows what can be asked for; the runner carries out the stages around it.
 */
@Injectable()
export class Dispatcher {
  /** What has no method of its own, by kind and name: made once, so that its stages are composed once. */
  private readonly accesses = new Map<string, Subject>();

  constructor(
    private readonly registry: OperationRegistry,
    private readonly runner: CallRunner,
    private readonly gates: Gates,
    private readonly onion: Onion,
    private readonly after: AfterStages,
  ) {}

  /** @throws ProtocolViolation for an unknown tool. */
  async callTool(name: string, input: unknown, request: CallRequest): Promise<Outcome<ToolValue>> {
    const tool = this.registry.tool(name);
    if (tool === undefined) return this.refuseUnknown('tool', name, input, request);
    const outcome = await this.invoke(tool, input, request);
    return outcome.kind === 'success' ? { ...outcome, value: toToolValue(outcome.value) } : outcome;
  }

  /** @throws ProtocolViolation for an unknown prompt or arguments that do not fit. */
  async getPrompt(name: string, input: unknown, request: CallRequest): Promise<Outcome<readonly PromptMessage[]>> {
    const prompt = this.registry.prompt(name);
    if (prompt === undefined) return this.refuseUnknown('prompt', name, input, request);
    return (await this.invoke(prompt, input, request)) as Outcome<readonly PromptMessage[]>;
  }

  /** @throws ProtocolViolation where no resource has this URI. */
  async readResource(uri: string, request: CallRequest): Promise<Outcome<readonly ResourceContents[]>> {
    const found = this.registry.resourceFor(uri);
    if (found === undefined) return this.refuseUnknown('resource', uri, uri, request, { uri });
    const outcome = await this.invoke(found.operation, found.variables, request);
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
    const subject = this.accessTo('list', resource.name, resource);
    return (await this.direct(subject, query, request, async (call) => list(query, call))) as Outcome<ResourcePage>;
  }

  async complete(
    operation: Operation,
    completer: Completer,
    query: CompletionQuery,
    request: CallRequest,
  ): Promise<Outcome<readonly string[]>> {
    const subject = this.accessTo('completion', operation.name, operation);
    const outcome = await this.direct(subject, query, request, async (call) => completer(query, call));
    return outcome as Outcome<readonly string[]>;
  }

  /** What has no method behind it, a list that is the same for every call or a look at a task: it passes the stages like a call. */
  record(kind: string, name: string, input: unknown, request: CallRequest): Promise<Outcome<unknown>> {
    return this.direct(this.accessTo(kind, name), input, request, async () => undefined);
  }

  /** A call that is refused before it could start, e.g. because no further task can be kept: recorded like any other. */
  async refuse(tool: Operation, input: unknown, request: CallRequest, error: ServerError): Promise<Failure> {
    const { kind, name, risk } = tool;
    const callId = await this.runner.recordRefusal({ kind, name, risk, input }, request.principal, error.code);
    return { kind: 'failure', callId, error };
  }

  /** Through the method's own context, where guards and interceptor are the stages. */
  private invoke(subject: Operation, input: unknown, request: CallRequest): Promise<Outcome<unknown>> {
    const run = async (call: RunningCall): Promise<unknown> => {
      const result = await subject.invoke(call);
      const { ending } = call;
      if (ending?.kind === 'result' && ending.value === result) return result;
      // An author's filter may answer for his method; what the platform has refused stays refused.
      if (ending?.kind === 'refusal') throw ending.thrown;
      if (ending === undefined) throw new Error(`${subject.name} was answered without the platform's stages`);
      return this.after.look(call, result);
    };
    return this.runner.run({ subject, input, run }, request);
  }

  /** The same stages for what has no context of its own. */
  private direct(
    subject: Subject,
    input: unknown,
    request: CallRequest,
    method: (call: RunningCall) => Promise<unknown>,
  ): Promise<Outcome<unknown>> {
    const run = async (call: RunningCall): Promise<unknown> => {
      const passing = this.gates.pass(call);
      if (passing !== undefined) await passing;
      return this.onion.run(call, () => method(call));
    };
    return this.runner.run({ subject, input, run }, request);
  }

  private accessTo(kind: string, name: string, operation?: Operation): Subject {
    const key = `${kind} ${name}`;
    let subject = this.accesses.get(key);
    if (subject === undefined) {
      const { scope, deadlineMs } = operation ?? {};
      const policies = kind === 'task' ? UNTHROTTLED : Policies.NONE;
      subject = { kind, name, risk: 'read', scope, deadlineMs, isRepeatable: true, asksClient: false, policies };
      this.accesses.set(key, subject);
    }
    return subject;
  }

  private async refuseUnknown(
    kind: string,
    name: string,
    input: unknown,
    request: CallRequest,
    data?: Record<string, unknown>,
  ): Promise<never> {
    await this.runner.recordRefusal(
      { kind, name: 'unknown', risk: 'read', input },
      request.principal,
      'unknown_operation',
    );
    throw new ProtocolViolation(kind === 'resource' ? 'Resource not found' : `Unknown ${kind}: ${quote(name)}`, data);
  }
}

/** A client that waits for a task asks after it as often as it was told to, for as many tasks as it has. */
@CallLimits({ callsPerWindow: Infinity })
class UnthrottledAccess {}
const UNTHROTTLED = Policies.of(UnthrottledAccess, UnthrottledAccess);

/** A tool without an output schema may return text; whatever else is no object has no structured form to travel in. */
function toToolValue(value: unknown): ToolValue {
  if (value instanceof RichResult) return { content: value.content, structured: value.structured };
  if (value === undefined || value === null) return { content: [] };
  if (typeof value === 'object' && !Array.isArray(value))
    return { content: [], structured: value as Record<string, unknown> };
  return { content: [text(typeof value === 'string' ? value : JSON.stringify(value))] };
}
