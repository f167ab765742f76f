import { HttpException } from '@nestjs/common';
import { type ErrorCode, ServerError } from '@app/mcp';
import { isConnectionError } from './faults.js';

/** What an ordinary Nest guard or pipe of a tool author throws, in our words. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'LIMIT',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
};

/**
 * The one place where whatever was thrown becomes what the caller is told. Operational errors keep their text; anything
 * else is a defect, and the caller reads a generic text.
 */
export function classify(thrown: unknown): ServerError {
  if (thrown instanceof ServerError) return thrown;
  if (thrown instanceof HttpException) {
    const code = BY_STATUS[thrown.getStatus()];
    if (code !== undefined) return new ServerError(code, thrown.message, { cause: thrown });
  }
  if (isConnectionError(thrown))
    return new ServerError('CONNECTION_FAILED', 'A service this call needs could not be reached.', { cause: thrown });
  return new ServerError('INTERNAL', 'The call failed inside the server.', {
    cause: thrown,
    hint: 'Tell the operator the call id.',
  });
}
