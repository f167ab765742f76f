import type { AppLog } from '@app/logging';
import { ServerError } from '@app/mcp';
import { classify } from '../call/classify.js';

/** What the caller is told of whatever was thrown. What he is not told goes to the log: defects, and causes. */
export function toServerError(thrown: unknown, log: AppLog): ServerError {
  try {
    const error = classify(thrown);
    if (error.code === 'INTERNAL') log.error('call failed unexpectedly', { err: error === thrown ? error : thrown });
    else if (error !== thrown || error.cause !== undefined) log.warn('call failed', { err: thrown });
    return error;
  } catch (err) {
    // It defends itself against being looked at: what is wrong with it is all that can be told.
    log.error('call failed with what cannot be read', { err });
    return new ServerError('INTERNAL', 'The call failed inside the server.', {
      hint: 'Tell the operator the call id.',
    });
  }
}
