import { ProtocolError } from '@modelcontextprotocol/server';
import { ProtocolViolation, ServerError } from '@app/mcp';
import type { Outcome, ToolValue } from '@app/pipeline';
import { renderFailure, renderSuccess } from '../protocol/tool-result.js';
import type { TaskError, TaskState } from './task.js';

const INTERNAL_ERROR = -32603;

/** The state that the outcome of a call leaves its task in. */
export function endOf(outcome: Outcome<ToolValue>, isCancelled: boolean): TaskState {
  switch (outcome.kind) {
    case 'success':
      return { status: 'completed', result: renderSuccess(outcome) };
    case 'failure':
      if (isCancelled && outcome.error.code === 'CANCELLED') return { status: 'cancelled' };
      return { status: 'completed', result: renderFailure(outcome) };
    case 'input_required':
      return { status: 'cancelled' };
    case 'handed_off':
      throw new Error('a task tried to become a task');
  }
}

/** A tool that asks more than a person would answer. */
export function endOfPatience(callId: string, questions: number): TaskState {
  const error = new ServerError('LIMIT', `The task asked more than ${questions} questions.`);
  return { status: 'completed', result: renderFailure({ kind: 'failure', callId, error }) };
}

/** What the client is told of an error outside of the tool: a protocol error as it is, anything else only that it was. */
export function toTaskError(error: unknown): TaskError {
  if (!(error instanceof ProtocolViolation) && !(error instanceof ProtocolError))
    return { code: INTERNAL_ERROR, message: 'Internal error' };
  const { code, message, data } = error;
  return { code, message, ...(data !== undefined && { data }) };
}

/** What a task that is over says of itself. */
export function messageOf(state: TaskState): string | undefined {
  if (state.status === 'failed') return state.error.message;
  return state.status === 'cancelled' ? 'The task was cancelled.' : undefined;
}
