import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallState, Principal } from '@app/mcp';
import type { CallRequest } from '@app/pipeline';
import { SdkClientChannel } from './client-channel.js';
import type { ClientFacts } from './client-facts.js';

/** What the dispatcher needs of a message the SDK has parsed. */
export function toCallRequest(
  ctx: ServerContext,
  principal: Principal,
  facts?: ClientFacts,
  state?: CallState,
): CallRequest {
  const { signal, _meta, inputResponses } = ctx.mcpReq;
  const whenGone = (gone: () => void): void => {
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  };
  const client = new SdkClientChannel(ctx);
  return { principal, client, whenGone, meta: _meta, answers: inputResponses, state, askable: facts?.askable };
}
