import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallState, Principal } from '@app/mcp';
import type { CallRequest } from '@app/pipeline';
import { SdkClientChannel } from './client-channel.js';

/** What the dispatcher needs of a message the SDK has parsed. */
export function toCallRequest(ctx: ServerContext, principal: Principal, state?: CallState): CallRequest {
  const { signal, _meta, inputResponses } = ctx.mcpReq;
  const whenGone = (gone: () => void): void => {
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  };
  return { principal, client: new SdkClientChannel(ctx), whenGone, meta: _meta, answers: inputResponses, state };
}
