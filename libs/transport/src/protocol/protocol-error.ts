import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { ProtocolViolation } from '@app/mcp';
import type { Failure } from '@app/pipeline';
import { InternalFailure } from './internal-failure.error.js';
import { errorFacts } from './tool-result.js';

const CALLER_MISTAKES = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'INVALID_CURSOR']);
const MAX_PROBLEMS = 5;

/** A failure of something that is not a tool has no result to travel in: it becomes a JSON-RPC error. */
export function toProtocolError(failure: Failure): ProtocolError {
  const { code, message } = failure.error;
  const number = CALLER_MISTAKES.has(code) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(number, `${code}: ${message}`, errorFacts(failure));
}

/**
 * Runs a handler. What the contract calls a violation leaves as the SDK's error; anything unexpected leaves without
 * its text, for the SDK would send that.
 */
export async function asProtocol<T>(handler: () => Promise<T>): Promise<T> {
  try {
    return await handler();
  } catch (error) {
    if (error instanceof ProtocolViolation) throw new ProtocolError(error.code, error.message, error.data);
    throw error instanceof ProtocolError ? error : new InternalFailure(error);
  }
}

/** The SDK throws a plain error, with zod's issues as its text, when a request does not have its method's shape. */
export function toInvalidParams(method: string, error: unknown): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Invalid params for ${method}: ${describe(error)}`);
}

function describe(error: unknown): string {
  try {
    const issues = JSON.parse((error as Error).message) as { path: (string | number)[]; message: string }[];
    return issues
      .slice(0, MAX_PROBLEMS)
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ');
  } catch {
    return 'they do not have the shape of this method';
  }
}
