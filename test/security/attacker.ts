import { modernRequest } from '../support/mcp-messages.js';
import type { AuditedCall, Reply, ReplyMessage } from './evidence.js';
import { stringsIn } from './strings-in.js';

/** A call of a tool, a resource that is read, or an argument that is completed. */
export type Attempt =
  | { readonly tool: string; readonly args: unknown }
  | { readonly uri: string }
  | { readonly complete: string; readonly known?: Record<string, string> };

const TEMPLATE = 'workspace://{workspace}/{+path}';

function requestOf(attempt: Attempt) {
  if ('tool' in attempt) return modernRequest('tools/call', { name: attempt.tool, arguments: attempt.args });
  if ('uri' in attempt) return modernRequest('resources/read', { uri: attempt.uri });
  return modernRequest('completion/complete', {
    ref: { type: 'ref/resource', uri: TEMPLATE },
    argument: { name: 'path', value: attempt.complete },
    context: { arguments: attempt.known ?? {} },
  });
}

/** Sends what a caller may try and keeps what came back, byte for byte. */
export class Attacker {
  /** Every call made, with what the audit must say. */
  readonly calls: AuditedCall[] = [];

  constructor(private readonly url: string) {}

  async send(attempt: Attempt, what = describe(attempt)): Promise<Reply> {
    const { headers, body } = requestOf(attempt);
    // A header is bytes; a name that is none is sent as the protocol says, encoded.
    const name = headers['mcp-name'];
    // oxlint-disable-next-line no-control-regex
    if (name !== undefined && !/^[\u0021-\u007e]*$/.test(name))
      headers['mcp-name'] = `=?base64?${Buffer.from(name).toString('base64')}?=`;
    const response = await fetch(this.url, { method: 'POST', headers, body });
    const bytes = Buffer.from(await response.arrayBuffer());
    const message = parse(bytes, response.headers.get('content-type') ?? '');
    const reply: Reply = {
      what,
      said: decoded(stringsIn(attempt).join('\n')),
      ...('tool' in attempt && { tool: attempt.tool }),
      status: response.status,
      headers: Array.from(response.headers, ([header, value]) => `${header}: ${value}`).join('\n'),
      bytes,
      ...(message && { message }),
    };
    this.calls.push(auditedAs(attempt, reply));
    return reply;
  }
}

const decoded = (text: string): string =>
  text.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(parseInt(code.slice(1), 16)));

const describe = (attempt: Attempt): string => JSON.stringify(attempt).slice(0, 200);

function parse(bytes: Buffer, type: string): ReplyMessage | undefined {
  const text = bytes.toString('utf8');
  const json = type.startsWith('text/event-stream')
    ? text
        .split('\n')
        .findLast((line) => line.startsWith('data: '))
        ?.slice(6)
    : text;
  try {
    return JSON.parse(json ?? '') as ReplyMessage;
  } catch {
    return undefined;
  }
}

/** `success`, the code of a tool's error, or the number of a JSON-RPC error. */
export function verdictOf({ message, status }: Reply): string | number {
  if (message?.error !== undefined) return message.error.code;
  if (message?.result === undefined) return `HTTP ${status}`;
  return message.result.isError === true ? codeOf(message.result._meta) : 'success';
}

const codeOf = (meta: Record<string, unknown> | undefined): string =>
  (meta?.['mcp-software-engineer/error'] as { code: string } | undefined)?.code ?? 'no code';

/** What the caller was told is what the audit must say. */
function auditedAs(attempt: Attempt, reply: Reply): AuditedCall {
  const { what, message } = reply;
  const data = message?.error?.data as { call_id?: string; code?: string } | undefined;
  const callId = (message?.result?._meta?.['mcp-software-engineer/call_id'] as string | undefined) ?? data?.call_id;
  const kind = 'tool' in attempt ? 'tool' : 'uri' in attempt ? 'resource' : 'completion';
  const operation = 'tool' in attempt ? attempt.tool : TEMPLATE;
  const refused = data?.code ?? 'unknown_operation';
  const decision = message?.error === undefined ? String(verdictOf(reply)) : refused;
  return { what, kind, decision, operation, ...(callId !== undefined && { callId }) };
}
