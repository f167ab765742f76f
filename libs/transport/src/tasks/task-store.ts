import type { Task, TaskState } from './task.js';

/** Keeps what clients can read of their tasks. A port, so that replicas can share one. */
export abstract class TaskStore {
  /**
   * Keeps a new task, `working`. It can be found as soon as this returns.
   * @throws ServerError RATE_LIMITED when the owner has as many as he may have, OVERLOADED when nobody can have more.
   */
  abstract create(owner: string): Promise<Task>;

  /** @returns `undefined` where it never was, has expired, or is somebody else's; nothing tells which. */
  abstract find(id: string, owner: string): Promise<Task | undefined>;

  /** Moves a task on. One that is over, or gone, stays as it is. */
  abstract advance(id: string, state: TaskState, message?: string): Promise<void>;
}
