import type { Result } from '@modelcontextprotocol/server';
import type { Task } from './task.js';

/** What every message about a task says of it. */
function facts({ id, createdAt, updatedAt, ttlMs, message, state }: Task, pollMs: number): Result {
  return {
    taskId: id,
    status: state.status,
    ...(message !== undefined && { statusMessage: message }),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs,
    pollIntervalMs: pollMs,
  };
}

/** The answer to a call that goes on as a task. */
export const renderReceipt = (task: Task, pollMs: number): Result & { resultType: 'task' } => ({
  ...facts(task, pollMs),
  resultType: 'task',
});

/** The answer to `tasks/get`: the facts, and what belongs to the status. */
export function renderTask(task: Task, pollMs: number): Result {
  const { status: _status, ...payload } = task.state;
  const result = facts(task, pollMs);
  return 'result' in payload
    ? { ...result, result: { ...payload.result, resultType: 'complete' } }
    : { ...result, ...payload };
}
