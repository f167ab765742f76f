import type { CallRequest, Dispatcher } from '@app/pipeline';
import { toProtocolError } from './protocol-error.js';

/**
 * Records what has no method behind it, a list that is the same for every call or a look at a task, and refuses it
 * where a call would be refused.
 * @throws ProtocolError
 */
export async function recordAccess(
  dispatcher: Dispatcher,
  kind: 'list' | 'task' | 'completion',
  name: string,
  request: CallRequest,
  input?: unknown,
): Promise<void> {
  const outcome = await dispatcher.record(kind, name, input, request);
  if (outcome.kind === 'failure') throw toProtocolError(outcome);
}
