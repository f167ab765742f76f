import { Injectable } from '@nestjs/common';
import {
  type CompletionQuery,
  InputRequired,
  type ListQuery,
  type PromptMessage,
  ProtocolViolation,
  type ResourceContents,
  type ResourcePage,
  RichResult,
  type ServerError,
  text,
  type ToolCall,
} from '@app/mcp';
import type { Completer, Operation, ResourceOperation } from '../registry/operation.js';
import { OperationRegistry } from '../registry/operation.registry.js';
import { quote } from '../stages/input-validation.js';
import { checkOutput } from '../stages/output-validation.js';
import type { CallRequest, Failure, Outcome, ToolValue } from './call-request.js';
import { CallRunner } from './call-runner.js';

/**
 * The choke point: every call of every transport and era comes through here exactly once, lists and completions
 * included. It knows what can be asked for; the runner carries out the stages around it.
 */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly registry: OperationRegistry,
    private readonly runner: CallRunner,
  ) {}

  /** @throws ProtocolViolation for an unknown tool. */
  async callTool(name: string, input: unknown, request: CallRequest): Promise<Outcome<ToolValue>> {
    const tool = this.registry.tool(name);
    if (tool === undefined) return this.refuseUnknown('tool', name, input, request);
    const outcome = await this.runner.run(
      { ...workOf(tool), input, run: async (call) => checkOutput(tool, await invoke(tool, call)) },
      request,
    );
    return outcome.kind === 'success' ? { ...outcome, value: toToolValue(outcome.value) } : outcome;
  }

  /** @throws ProtocolViolation for an unknown prompt or arguments that do not fit. */
  async getPrompt(name: string, input: unknown, request: CallRequest): Promise<Outcome<readonly PromptMessage[]>> {
    const prompt = this.registry.prompt(name);
    if (prompt === undefined) return this.refuseUnknown('prompt', name, input, request);
    const outcome = await this.runner.run({ ...workOf(prompt), input, run: (call) => invoke(prompt, call) }, request);
    return outcome as Outcome<readonly PromptMessage[]>;
  }

  /** @throws ProtocolViolation where no resource has this URI. */
  async readResource(uri: string, request: CallRequest): Promise<Outcome<readonly ResourceContents[]>> {
    const found = this.registry.resourceFor(uri);
    if (found === undefined) return this.refuseUnknown('resource', uri, uri, request, { uri });
    const { operation, variables } = found;
    const outcome = await this.runner.run(
      { ...workOf(operation), input: variables, run: (call) => invoke(operation, call) },
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
    return (await this.runner.run(work, request)) as Outcome<ResourcePage>;
  }

  async complete(
    operation: Operation,
    completer: Completer,
    query: CompletionQuery,
    request: CallRequest,
  ): Promise<Outcome<readonly string[]>> {
    const run = async (call: ToolCall): Promise<unknown> => completer(query, call);
    return (await this.runner.run({ ...workOf(operation), kind: 'completion', input: query, run }, request)) as Outcome<
      readonly string[]
    >;
  }

  /** What has no method behind it, a list that is the same for every call or a look at a task: recorded and bounded like a call. */
  record(kind: string, name: string, input: unknown, request: CallRequest): Promise<Outcome<unknown>> {
    return this.runner.run({ kind, name, risk: 'read', input, run: async () => undefined }, request);
  }

  /** A call that is refused before it could start, e.g. because no further task can be kept: recorded like any other. */
  async refuse(tool: Operation, input: unknown, request: CallRequest, error: ServerError): Promise<Failure> {
    const { kind, name, risk } = tool;
    const callId = await this.runner.recordRefusal({ kind, name, risk, input }, request.principal, error.code);
    return { kind: 'failure', callId, error };
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

/** A question that was not declared could meet a transport that cannot ask it: a defect, told in the log. */
async function invoke(operation: Operation, call: ToolCall): Promise<unknown> {
  try {
    return await operation.invoke(call);
  } catch (thrown) {
    if (thrown instanceof InputRequired && !operation.asksClient)
      throw new Error(`${operation.name} asked its client, but does not declare asksClient`, { cause: thrown });
    throw thrown;
  }
}

const workOf = ({ kind, name, risk, deadlineMs }: Operation) => ({ kind, name, risk, deadlineMs });

/** A tool without an output schema may return text; whatever else is no object has no structured form to travel in. */
function toToolValue(value: unknown): ToolValue {
  if (value instanceof RichResult) return { content: value.content, structured: value.structured };
  if (value === undefined || value === null) return { content: [] };
  if (typeof value === 'object' && !Array.isArray(value))
    return { content: [], structured: value as Record<string, unknown> };
  return { content: [text(typeof value === 'string' ? value : JSON.stringify(value))] };
}
