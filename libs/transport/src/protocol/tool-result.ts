import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Failure, Success, ToolValue } from '@app/pipeline';

const META_CALL_ID = 'mcp-software-engineer/call_id';
export const META_ERROR = 'mcp-software-engineer/error';
/** Everything from DEL to the end of C1: legal in JSON text, but a terminal acts on it. */
// oxlint-disable-next-line no-control-regex
const TERMINAL_CONTROLS = /[\u007f-\u009f]/g;

const escapeControl = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A success as the protocol wants it: structured content, and the same as text for clients that read only text. */
export function renderSuccess({ callId, value }: Success<ToolValue>): CallToolResult {
  const { structured } = value;
  const content = [...value.content] as CallToolResult['content'];
  if (structured !== undefined && !content.some(({ type }) => type === 'text'))
    content.unshift({ type: 'text', text: JSON.stringify(structured).replace(TERMINAL_CONTROLS, escapeControl) });
  return {
    content,
    ...(structured !== undefined && { structuredContent: structured as Record<string, unknown> }),
    _meta: { [META_CALL_ID]: callId },
  };
}

/** A failure: text for the model, facts for programs, and no structured content, which would not fit the output schema. */
export function renderFailure(failure: Failure): CallToolResult {
  const { code, message, hint } = failure.error;
  return {
    isError: true,
    content: [{ type: 'text', text: `${code}: ${message}${hint === undefined ? '' : ` Hint: ${hint}`}` }],
    _meta: { [META_CALL_ID]: failure.callId, [META_ERROR]: errorFacts(failure) },
  };
}

export function errorFacts({ callId, error }: Failure): Record<string, unknown> {
  return {
    code: error.code,
    retryable: error.retryable,
    ...(error.retryAfterMs !== undefined && { retry_after_ms: error.retryAfterMs }),
    ...(error.hint !== undefined && { hint: error.hint }),
    call_id: callId,
  };
}
