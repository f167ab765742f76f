import { Injectable } from '@nestjs/common';
import type {
  CallToolResult,
  InputRequiredResult,
  ListToolsResult,
  Result,
  Server,
  ServerContext,
} from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { type CallState, type Principal, ServerError } from '@app/mcp';
import { AccessRules, type CallRequest, Dispatcher, OperationRegistry, type ToolOperation } from '@app/pipeline';
import { TaskRunner } from '../tasks/task-runner.js';
import { renderReceipt } from '../tasks/task-wire.js';
import { tasksUndeclared } from '../tasks/tasks-undeclared.js';
import type { CallerOf } from './caller.js';
import { toCallRequest } from './call-request.js';
import type { ClientFacts } from './client-facts.js';
import { renderNeedsInput } from './input-requests.js';
import { expectNoCursor } from './page-cursor.js';
import { asProtocol } from './protocol-error.js';
import { recordAccess } from './record-access.js';
import { type CallIdentity, RequestState } from './request-state.js';
import { renderFailure, renderSuccess } from './tool-result.js';

/** A result, questions, or the receipt of a task. The SDK types only the first two. */
type ToolAnswer = CallToolResult | InputRequiredResult;

/** `tools/list` and `tools/call` of the SDK's lane. */
@Injectable()
export class ToolHandler {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly registry: OperationRegistry,
    private readonly rules: AccessRules,
    private readonly state: RequestState,
    private readonly tasks: TaskRunner,
    private readonly limits: Limits,
  ) {}

  install(server: Server, callerOf: CallerOf, factsOf: (ctx: ServerContext) => ClientFacts): void {
    server.setRequestHandler('tools/list', (request, ctx) =>
      asProtocol(async (): Promise<ListToolsResult> => {
        expectNoCursor(request.params?.cursor);
        const principal = await callerOf(ctx);
        await recordAccess(this.dispatcher, 'list', 'tools/list', toCallRequest(ctx, principal));
        const tools = await this.rules.visible(principal, this.registry.tools());
        return { tools: tools.map(({ definition }) => definition) as ListToolsResult['tools'] };
      }),
    );
    server.setRequestHandler('tools/call', (request, ctx) =>
      asProtocol(async () =>
        this.call(request.params.name, request.params.arguments, ctx, await callerOf(ctx), factsOf(ctx)),
      ),
    );
  }

  private async call(
    name: string,
    input: unknown,
    ctx: ServerContext,
    principal: Principal,
    facts: ClientFacts,
  ): Promise<ToolAnswer> {
    const identity: CallIdentity = { principal, method: 'tools/call', name, input };
    const state = this.state.open(ctx.mcpReq.requestState(), identity);
    const tool = this.registry.tool(name);
    const request = toCallRequest(ctx, principal, facts, state, tool?.takesUnaskedAnswers);
    if (tool?.task === 'required' && !facts.knowsTasks) {
      const error = new ServerError(
        'INVALID_ARGUMENT',
        'This tool only runs as a task, and the client does not know tasks.',
      );
      await this.dispatcher.refuse(tool, input, request, error);
      throw tasksUndeclared();
    }
    const becomesTask = tool?.task !== undefined && facts.knowsTasks;
    if (becomesTask && !tool.asksClient) return this.startTask(tool, input, request, state);
    const outcome = await this.dispatcher.callTool(name, input, { ...request, canHandOff: becomesTask });
    switch (outcome.kind) {
      case 'success':
        return renderSuccess(outcome);
      case 'failure':
        return renderFailure(outcome);
      case 'input_required':
        return renderNeedsInput(outcome, await this.state.seal(outcome.state, identity));
      case 'handed_off':
        return this.startTask(tool!, input, request, outcome.state);
    }
  }

  private async startTask(
    tool: ToolOperation,
    input: unknown,
    request: CallRequest,
    state: CallState | undefined,
  ): Promise<ToolAnswer> {
    const { principal, meta, askable = [] } = request;
    try {
      const task = await this.tasks.start({ principal, name: tool.name, input, meta, askable, state });
      return renderReceipt(task, this.limits.taskPollMs) as Result as ToolAnswer;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      return renderFailure(await this.dispatcher.refuse(tool, input, request, error));
    }
  }
}
