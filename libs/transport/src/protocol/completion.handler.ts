import { Injectable } from '@nestjs/common';
import type { Server } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { ProtocolViolation } from '@app/mcp';
import { Dispatcher, OperationRegistry, type PromptOperation, type ResourceOperation } from '@app/pipeline';
import type { CallerOf } from './caller.js';
import { toCallRequest } from './call-request.js';
import { asProtocol, toProtocolError } from './protocol-error.js';
import { recordAccess } from './record-access.js';

const MAX_VALUE_CHARS = 4_096;

/** `completion/complete` for arguments of prompts and variables of resource templates. */
@Injectable()
export class CompletionHandler {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly registry: OperationRegistry,
    private readonly limits: Limits,
  ) {}

  install(server: Server, callerOf: CallerOf): void {
    server.setRequestHandler('completion/complete', (request, ctx) =>
      asProtocol(async () => {
        const { ref, argument, context } = request.params;
        const operation = ref.type === 'ref/prompt' ? this.registry.prompt(ref.name) : this.template(ref.uri);
        const call = toCallRequest(ctx, await callerOf(ctx));
        if (operation === undefined) {
          await recordAccess(this.dispatcher, 'completion', 'unknown', call);
          throw new ProtocolViolation('Unknown completion reference');
        }
        if (argument.value.length > MAX_VALUE_CHARS) throw new ProtocolViolation('The value to complete is too long');
        const completer = operation.completers.get(argument.name);
        if (completer === undefined) {
          await recordAccess(this.dispatcher, 'completion', operation.name, call);
          return { completion: { values: [], total: 0, hasMore: false } };
        }
        const query = { value: argument.value, known: context?.arguments ?? {} };
        const outcome = await this.dispatcher.complete(operation, completer, query, call);
        if (outcome.kind === 'failure') throw toProtocolError(outcome);
        if (outcome.kind !== 'success') throw new Error('a completion asked the client a question');
        const total = outcome.value.length;
        const values = outcome.value.slice(0, this.limits.completionValues);
        return { completion: { values, total, hasMore: total > values.length } };
      }),
    );
  }

  private template(uri: string): PromptOperation | ResourceOperation | undefined {
    return this.registry.resources().find(({ name, template }) => name === uri && template !== undefined);
  }
}
