import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallState, Principal } from '@app/mcp';
import type { CallRequest } from '@app/pipeline';
import { edgeFactsOf } from './caller.js';
import { SdkClientChannel } from './client-channel.js';
import type { ClientFacts } from './client-facts.js';

/** What the dispatcher needs of a message the SDK has parsed. */
export function toCallRequest(
  ctx: ServerContext,
  principal: Principal,
  facts?: ClientFacts,
  state?: CallState,
  takesUnaskedAnswers = false,
): CallRequest {
  const { signal, _meta, inputResponses } = ctx.mcpReq;
  const whenGone = (gone: () => void): void => {
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  };
  const client = new SdkClientChannel(ctx);
  // Answers to questions nobody has asked are nothing, unless a tool says otherwise: they could forge a consent.
  const answers = state === undefined && !takesUnaskedAnswers ? undefined : inputResponses;
  // Only the edge of HTTP has somewhere to write what is left.
  const onQuota = ctx.http === undefined ? undefined : edgeFactsOf(ctx.http.authInfo).onQuota;
  return { principal, client, whenGone, meta: _meta, answers, state, askable: facts?.askable, onQuota };
}
