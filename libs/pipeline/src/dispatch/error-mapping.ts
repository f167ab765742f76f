import { HttpException } from '@nestjs/common';
import type { AppLog } from '@app/logging';
import { ServerError } from '@app/mcp';

/** What an ordinary Nest guard or pipe of a tool author throws, in our words. */
const BY_STATUS: Readonly<Record<number, ConstructorParameters<typeof ServerError>[0]>> = {
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
 * The one place where whatever was thrown becomes what the caller is told. Operational errors keep their text;
 * anything else is a defect: the caller reads a generic text, the log gets the stack.
 */
export function toServerError(thrown: unknown, log: AppLog): ServerError {
  if (thrown instanceof ServerError) {
    if (thrown.code === 'INTERNAL') log.error('call failed inside', { err: thrown });
    return thrown;
  }
  if (thrown instanceof HttpException) {
    const code = BY_STATUS[thrown.getStatus()];
    if (code !== undefined) return new ServerError(code, thrown.message, { cause: thrown });
  }
  log.error('call failed unexpectedly', { err: thrown });
  return new ServerError('INTERNAL', 'The call failed inside the server.', {
    cause: thrown,
    hint: 'Tell the operator the call id.',
  });
}
