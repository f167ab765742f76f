import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Degraded, Failure, Success, ToolValue } from '@app/pipeline';

export const META_CALL_ID = 'mcp-software-engineer/call_id';
export const META_ERROR = 'mcp-software-engineer/error';
export const META_DEGRADED = 'mcp-software-engineer/degraded';
/** Everything from DEL to the end of C1: legal in JSON text, but a terminal acts on it. */
// oxlint-disable-next-line no-control-regex
const TERMINAL_CONTROLS = /[\u007f-\u009f]/g;

/** JSON text that a terminal can show: what it would act on stays escaped for a reader of the text, too. */
const readable = (json: string): string => json.replace(TERMINAL_CONTROLS, escapeControl);
const escapeControl = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A success as the protocol wants it: structured content, and the same as text for clients that read only text. */
export function renderSuccess({ callId, value, degraded }: Success<ToolValue>): CallToolResult {
  const { structured } = value;
  const content = value.content.map((block) =>
    block.type === 'text' ? { ...block, text: readable(block.text) } : block,
  ) as CallToolResult['content'];
  if (structured !== undefined && !content.some(({ type }) => type === 'text'))
    content.unshift({ type: 'text', text: readable(JSON.stringify(structured)) });
  return {
    content,
    ...(structured !== undefined && { structuredContent: structured as Record<string, unknown> }),
    _meta: { [META_CALL_ID]: callId, ...(degraded !== undefined && { [META_DEGRADED]: degradedFacts(degraded) }) },
  };
}

const degradedFacts = ({ reason, ageMs }: Degraded): Record<string, unknown> => ({
  reason,
  ...(ageMs !== undefined && { age_ms: ageMs }),
});

/**
 * The JSON of `renderSuccess` as a complete modern result. Structured content is turned into text once, and that text
 * is used twice.
 * @param tail JSON members to add to `_meta`, without braces.
 */
export function successJson(outcome: Success<ToolValue>, tail: string): string {
  const { callId, value, degraded } = outcome;
  const lesser = degraded === undefined ? '' : `"${META_DEGRADED}":${JSON.stringify(degradedFacts(degraded))},`;
  const meta = `"_meta":{"${META_CALL_ID}":"${callId}",${lesser}${tail}}`;
  if (value.structured === undefined || value.content.length > 0) {
    const { content, structuredContent } = renderSuccess(outcome);
    const structured =
      structuredContent === undefined ? '' : `"structuredContent":${JSON.stringify(structuredContent)},`;
    return `{"content":${JSON.stringify(content)},${structured}${meta},"resultType":"complete"}`;
  }
  const json = JSON.stringify(value.structured);
  const text = JSON.stringify(readable(json));
  return `{"content":[{"type":"text","text":${text}}],"structuredContent":${json},${meta},"resultType":"complete"}`;
}

/** A failure: text for the model, facts for programs, and no structured content, which would not fit the output schema. */
export function renderFailure(failure: Failure): CallToolResult {
  const { code, message, hint } = failure.error;
  return {
    isError: true,
    content: [{ type: 'text', text: readable(`${code}: ${message}${hint === undefined ? '' : ` Hint: ${hint}`}`) }],
    _meta: { [META_CALL_ID]: failure.callId, [META_ERROR]: errorFacts(failure) },
  };
}

/** The JSON of `renderFailure` as a complete modern result. */
export function failureJson(failure: Failure, tail: string): string {
  const { _meta, ...rest } = renderFailure(failure);
  const result = JSON.stringify({ ...rest, resultType: 'complete' }).slice(0, -1);
  return `${result},"_meta":${JSON.stringify(_meta).slice(0, -1)},${tail}}}`;
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
