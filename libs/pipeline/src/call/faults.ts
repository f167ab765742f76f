import { CODES, HandOff, InputRequired, ProtocolViolation, ServerError } from '@app/mcp';

/** What Node, its resolver and its HTTP client call a connection that did not work. */
const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
]);

function codeOf(thrown: unknown): unknown {
  try {
    return typeof thrown === 'object' && thrown !== null ? (thrown as { code?: unknown }).code : undefined;
  } catch {
    // Whoever throws such a thing does not decide what becomes of the call.
    return undefined;
  }
}

/** A connection that did not work, as the platform below us tells it; also as the cause of what `fetch` throws. */
export const isConnectionError = (thrown: unknown): boolean =>
  !(thrown instanceof ServerError) &&
  (CONNECTION_ERRORS.has(codeOf(thrown) as string) ||
    (thrown instanceof Error && CONNECTION_ERRORS.has(codeOf(thrown.cause) as string)));

/**
 * SQLSTATE of what is wrong with a database server or the way to it: connection, rollback by the server, resources,
 * intervention, system, internal error. Not of what is wrong with a statement or its data (22, 23, 42).
 */
const SQLSTATE_OF_SERVER = /^(?:08|40|53|57|58|XX)[0-9A-Z]{3}$/;

/** What only a mistake in code throws. */
const isDefect = (thrown: unknown): boolean =>
  !(thrown instanceof Error) ||
  thrown instanceof TypeError ||
  thrown instanceof RangeError ||
  thrown instanceof ReferenceError ||
  thrown instanceof SyntaxError;

/** Whether a failure speaks against the dependency of a call: not a caller's mistake, nor a defect, nor a question. */
export function isDependencyFault(thrown: unknown): boolean {
  if (thrown instanceof ServerError) return CODES[thrown.code].fault === 'dependency';
  if (thrown instanceof InputRequired || thrown instanceof HandOff || thrown instanceof ProtocolViolation) return false;
  if (isConnectionError(thrown)) return true;
  return !isDefect(thrown) && SQLSTATE_OF_SERVER.test(String(codeOf(thrown)));
}

/** Whether the same attempt can succeed a moment later. A service that limits us is well, and says when to come back. */
export const isPassing = (thrown: unknown): boolean =>
  thrown instanceof ServerError
    ? thrown.retryable && (CODES[thrown.code].fault === 'dependency' || thrown.code === 'RATE_LIMITED')
    : isConnectionError(thrown);
