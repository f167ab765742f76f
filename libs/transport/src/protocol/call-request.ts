import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallState, Principal } from '@app/mcp';
import type { CallRequest, CallSource } from '@app/pipeline';
import { type EdgeFacts, edgeFactsOf } from './caller.js';
import { SdkClientChannel } from './client-channel.js';
import type { ClientFacts } from './client-facts.js';

const STDIO: CallSource = { transport: 'stdio' };
const NO_EDGE: Pick<EdgeFacts, 'source' | 'onQuota'> = {};

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
  const { source = STDIO, onQuota } = ctx.http === undefined ? NO_EDGE : edgeFactsOf(ctx.http.authInfo);
  return { principal, client, whenGone, meta: _meta, answers, state, askable: facts?.askable, source, onQuota };
}
