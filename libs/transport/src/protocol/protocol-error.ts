import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { ProtocolViolation } from '@app/mcp';
import type { Failure } from '@app/pipeline';
import { errorFacts } from './tool-result.js';

const CALLER_MISTAKES = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'INVALID_CURSOR']);

/** A failure of something that is not a tool has no result to travel in: it becomes a JSON-RPC error. */
export function toProtocolError(failure: Failure): ProtocolError {
  const { code, message } = failure.error;
  const number = CALLER_MISTAKES.has(code) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(number, `${code}: ${message}`, errorFacts(failure));
}

/** Runs a handler; what the contract calls a violation leaves as the SDK's error. */
export async function asProtocol<T>(handler: () => Promise<T>): Promise<T> {
  try {
    return await handler();
  } catch (error) {
    if (error instanceof ProtocolViolation) throw new ProtocolError(error.code, error.message, error.data);
    throw error;
  }
}
