import { Injectable } from '@nestjs/common';
import type {
  GetPromptResult,
  InputRequiredResult,
  ListPromptsResult,
  Server,
  ServerContext,
} from '@modelcontextprotocol/server';
import type { Principal } from '@app/mcp';
import { AccessRules, Dispatcher, OperationRegistry } from '@app/pipeline';
import type { CallerOf } from './caller.js';
import { toCallRequest } from './call-request.js';
import type { ClientFacts } from './client-facts.js';
import { renderNeedsInput } from './input-requests.js';
import { expectNoCursor } from './page-cursor.js';
import { asProtocol, toProtocolError } from './protocol-error.js';
import { recordAccess } from './record-access.js';
import { type CallIdentity, RequestState } from './request-state.js';

/** `prompts/list` and `prompts/get`. */
@Injectable()
export class PromptHandler {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly registry: OperationRegistry,
    private readonly rules: AccessRules,
    private readonly state: RequestState,
  ) {}

  install(server: Server, callerOf: CallerOf, factsOf: (ctx: ServerContext) => ClientFacts): void {
    server.setRequestHandler('prompts/list', (request, ctx) =>
      asProtocol(async (): Promise<ListPromptsResult> => {
        expectNoCursor(request.params?.cursor);
        const principal = await callerOf(ctx);
        await recordAccess(this.dispatcher, 'list', 'prompts/list', toCallRequest(ctx, principal));
        const prompts = await this.rules.visible(principal, this.registry.prompts());
        return {
          prompts: prompts.map(({ name, title, description, args }) => ({
            name,
            title,
            description,
            arguments: [...args],
          })),
        };
      }),
    );
    server.setRequestHandler('prompts/get', (request, ctx) =>
      asProtocol(async () =>
        this.get(request.params.name, request.params.arguments, ctx, await callerOf(ctx), factsOf(ctx)),
      ),
    );
  }

  private async get(
    name: string,
    input: unknown,
    ctx: ServerContext,
    principal: Principal,
    facts: ClientFacts,
  ): Promise<GetPromptResult | InputRequiredResult> {
    const identity: CallIdentity = { principal, method: 'prompts/get', name, input };
    const state = this.state.open(ctx.mcpReq.requestState(), identity);
    const outcome = await this.dispatcher.getPrompt(name, input, toCallRequest(ctx, principal, facts, state));
    switch (outcome.kind) {
      case 'success':
        return {
          description: this.registry.prompt(name)!.description,
          messages: outcome.value as GetPromptResult['messages'],
        };
      case 'failure':
        throw toProtocolError(outcome);
      case 'input_required':
        return renderNeedsInput(outcome, await this.state.seal(outcome.state, identity));
      case 'handed_off':
        throw new Error('a prompt cannot become a task');
    }
  }
}
