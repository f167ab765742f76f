import { Injectable } from '@nestjs/common';
import type { CallToolResult, InputRequiredResult, ListToolsResult, Server, ServerContext } from '@modelcontextprotocol/server';
import type { Principal } from '@app/mcp';
import { Dispatcher, OperationRegistry } from '@app/pipeline';
import { toCallRequest } from './call-request.js';
import { renderNeedsInput } from './input-requests.js';
import { asProtocol } from './protocol-error.js';
import { type CallIdentity, RequestState } from './request-state.js';
import { renderFailure, renderSuccess } from './tool-result.js';

type ToolAnswer = CallToolResult | InputRequiredResult;

/** `tools/list` and `tools/call` of the SDK's lane. */
@Injectable()
export class ToolHandler {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly registry: OperationRegistry,
    private readonly state: RequestState,
  ) {}

  install(server: Server, principal: Principal, _capabilitiesOf: (ctx: ServerContext) => unknown): void {
    server.setRequestHandler('tools/list', async (_request, ctx): Promise<ListToolsResult> => {
      await this.dispatcher.recordList('tools/list', toCallRequest(ctx, principal));
      return { tools: this.registry.toolDefinitions() as ListToolsResult['tools'] };
    });
    server.setRequestHandler('tools/call', (request, ctx) =>
      asProtocol(() => this.call(request.params.name, request.params.arguments, ctx, principal)),
    );
  }

  private async call(name: string, input: unknown, ctx: ServerContext, principal: Principal): Promise<ToolAnswer> {
    const identity: CallIdentity = { principal, method: 'tools/call', name, input };
    const state = this.state.open(ctx.mcpReq.requestState(), identity);
    const outcome = await this.dispatcher.callTool(name, input, toCallRequest(ctx, principal, state));
    switch (outcome.kind) {
      case 'success':
        return renderSuccess(outcome);
      case 'failure':
        return renderFailure(outcome);
      case 'input_required':
        return renderNeedsInput(outcome, await this.state.seal(outcome.state, identity));
    }
  }
}
