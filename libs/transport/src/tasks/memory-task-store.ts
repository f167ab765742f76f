import { randomBytes } from 'node:crypto';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { META_CALL_ID, renderFailure } from '../protocol/tool-result.js';
import { isOver, type Task, type TaskState } from './task.js';
import { TaskStore } from './task-store.js';

const SWEEP_MS = 30_000;

interface Kept {
  task: Task;
  bytes: number;
}

/**
 * Tasks in the memory of this process. A restart loses them all, and other processes do not see them.
 * Capacity: `Limits.tasks` in all, `Limits.tasksPerPrincipal` each, `Limits.taskResultBytes` for one result and
 * `Limits.taskStoreBytes` for all of them; a result beyond either is replaced by the error LIMIT. A task is kept for
 * `Limits.taskTtlMs` from its creation and never given up earlier, so a full store refuses new ones.
 */
export class MemoryTaskStore extends TaskStore implements OnModuleDestroy {
  /** In the order of creation, which is the order of expiry. */
  private readonly kept = new Map<string, Kept>();
  private readonly perOwner = new Map<string, number>();
  private bytes = 0;
  private readonly sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();

  /** @param now the wall clock, epoch in ms. */
  constructor(
    private readonly limits: Limits,
    private readonly now: () => number = Date.now,
  ) {
    super();
  }

  count(): number {
    return this.kept.size;
  }

  override async create(owner: string): Promise<Task> {
    this.sweep();
    const now = this.now();
    const own = this.perOwner.get(owner) ?? 0;
    if (own >= this.limits.tasksPerPrincipal)
      throw new ServerError('RATE_LIMITED', `You have ${own} tasks, which is the most at once.`, {
        retryAfterMs: this.untilExpiry((task) => task.owner === owner),
        hint: 'A task is forgotten some time after its creation; its ttlMs says when.',
      });
    if (this.kept.size >= this.limits.tasks)
      throw new ServerError('OVERLOADED', 'No further task can be kept now.', {
        retryAfterMs: this.untilExpiry(() => true),
      });
    const id = randomBytes(16).toString('hex');
    const task: Task = {
      id,
      owner,
      createdAt: now,
      updatedAt: now,
      ttlMs: this.limits.taskTtlMs,
      state: { status: 'working' },
    };
    this.kept.set(id, { task, bytes: 0 });
    this.perOwner.set(owner, own + 1);
    return task;
  }

  override async find(id: string, owner: string): Promise<Task | undefined> {
    const task = this.kept.get(id)?.task;
    return task === undefined || task.owner !== owner || this.hasExpired(task) ? undefined : task;
  }

  override async advance(id: string, state: TaskState, message?: string): Promise<void> {
    const entry = this.kept.get(id);
    if (entry === undefined || isOver(entry.task.state) || this.hasExpired(entry.task)) return;
    const { kept, bytes } = this.fit(state, this.bytes - entry.bytes);
    this.bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    const { message: _before, ...rest } = entry.task;
    entry.task = { ...rest, updatedAt: this.now(), state: kept, ...(message !== undefined && { message }) };
  }

  /** @param others bytes kept for other tasks. */
  private fit(state: TaskState, others: number): { kept: TaskState; bytes: number } {
    const bytes = Buffer.byteLength(JSON.stringify(state));
    const fits = bytes <= this.limits.taskResultBytes && others + bytes <= this.limits.taskStoreBytes;
    if (fits || state.status !== 'completed') return { kept: state, bytes };
    return { kept: { status: 'completed', result: tooLarge(state.result) }, bytes: 0 };
  }

  private hasExpired({ createdAt, ttlMs }: Task): boolean {
    return this.now() >= createdAt + ttlMs;
  }

  private untilExpiry(chosen: (task: Task) => boolean): number {
    for (const { task } of this.kept.values())
      if (chosen(task)) return Math.max(1, task.createdAt + task.ttlMs - this.now());
    return this.limits.taskTtlMs;
  }

  private sweep(): void {
    for (const [id, { task, bytes }] of this.kept) {
      if (!this.hasExpired(task)) return;
      this.kept.delete(id);
      this.bytes -= bytes;
      const left = this.perOwner.get(task.owner)! - 1;
      if (left === 0) this.perOwner.delete(task.owner);
      else this.perOwner.set(task.owner, left);
    }
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
  }
}

function tooLarge({ _meta }: CallToolResult): CallToolResult {
  const error = new ServerError('LIMIT', 'The result of the task is too large to be kept.', {
    hint: 'The work itself was done.',
  });
  return renderFailure({ kind: 'failure', callId: String(_meta?.[META_CALL_ID]), error });
}
