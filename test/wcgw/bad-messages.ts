import { modernRequest } from '../support/mcp-messages.js';
import { GOOD_CALLS, type GoodCall } from './good-calls.js';

/** What is sent, whatever is wrong with it. */
export interface SentMessage {
  readonly what: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

type Json = Record<string, unknown>;
const CALLS: readonly GoodCall[] = ['read', 'list', 'edit', 'write'];
const good = (call: GoodCall) => {
  const { tool, args } = GOOD_CALLS[call];
  return modernRequest('tools/call', { name: tool, arguments: args });
};

/** The message of a good call with members put in the place of its own; `undefined` takes one away. */
function message(call: GoodCall, members: Json, params: Json = {}, headers: Record<string, string> = {}): SentMessage {
  const sound = good(call);
  const body = JSON.stringify({ ...sound.message, params: { ...sound.message.params, ...params }, ...members });
  const what = `${call} with ${JSON.stringify({ ...members, ...params, ...headers }, (_key, value: unknown) => value ?? 'nothing')}`;
  return { what, headers: { ...sound.headers, ...headers }, body };
}

/** A message that has not the form the protocol gives it, around arguments that are right. */
export const BAD_ENVELOPES: readonly SentMessage[] = CALLS.flatMap((call) => [
  ...[undefined, '1.0', 2, null].map((jsonrpc) => message(call, { jsonrpc })),
  ...[{}, [1], true].map((id) => message(call, { id })),
  ...[undefined, 7, 'TOOLS/CALL', 'tools/call ', ['tools/call']].map((method) => message(call, { method })),
  ...[undefined, null, [], 'x'].map((params) => message(call, { params })),
  ...[undefined, 7, null, [], 'no_such_tool', `${GOOD_CALLS[call].tool} `].map((name) => message(call, {}, { name })),
  ...['x', 7, [], [{ path: 'a.txt' }]].map((args) => message(call, {}, { arguments: args })),
  ...[undefined, 7, [], 'x'].map((meta) => message(call, {}, { _meta: meta })),
  message(call, {}, {}, { 'mcp-name': 'workspace_info' }),
  message(call, {}, {}, { 'mcp-method': 'tools/list' }),
  message(call, {}, {}, { 'mcp-protocol-version': '1999-01-01' }),
]);

/** A body that is no JSON, or that two readers would read differently, around arguments that are right. */
export const BAD_JSON: readonly SentMessage[] = CALLS.flatMap((call) => {
  const { headers, body } = good(call);
  const odd: Record<string, string | Buffer> = {
    'an argument twice': body.replace('"workspace":', '"workspace":"ws","workspace":'),
    'another argument before it': body.replace('"arguments":', '"arguments":{},"arguments":'),
    'the method twice': body.replace('"method":', '"method":"ping","method":'),
    'a name with escapes': body.replace('"workspace":', '"\\u0077orkspace":'),
    'no end': body.slice(0, -1),
    'two messages': body + body,
    'a comma too many': `${body.slice(0, -1)},}`,
    'a comment': `/* x */${body}`,
    'single quotes': body.replaceAll('"', "'"),
    'a batch': `[${body}]`,
    'bytes that are no UTF-8': Buffer.concat([
      Buffer.from(body.replace('"ws"', '"w')),
      Buffer.from([0xff]),
      Buffer.from('"'),
    ]),
    'bytes that are no UTF-8 in a member that nobody reads': latin1In(body),
  };
  return Object.entries(odd).map(([what, text]) => ({ what: `${call} with ${what}`, headers, body: text }));
});

/** The byte ff instead of a character that says nothing. */
function latin1In(body: string): Buffer {
  const [before, after] = body.split('"name":"test"') as [string, string];
  return Buffer.concat([Buffer.from(`${before}"name":"te`), Buffer.from([0xff]), Buffer.from(`"${after}`)]);
}
