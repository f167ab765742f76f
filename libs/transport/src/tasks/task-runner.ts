import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import { type ClientChannel, type InputAnswers, type Principal, principalKey, ProtocolViolation } from '@app/mcp';
import { Dispatcher, type NeedsInput } from '@app/pipeline';
import { undeclared } from '../protocol/input-requests.js';
import { LiveTask, type TaskCall } from './live-task.js';
import type { Task, TaskState } from './task.js';
import { endOf, endOfPatience, messageOf, toTaskError } from './task-outcome.js';
import { TaskStore } from './task-store.js';

const MESSAGE_CHARS = 200;
const MAX_QUESTIONS = 100;

/**
 * Runs calls apart from the requests that started them: a client that leaves does not end them; `cancel`, their own
 * deadline (`Limits.taskDeadlineMs`) and the end of the process do. At most `Limits.tasksRunning` run at once, the
 * others wait their turn; one that waits for answers takes no place.
 */
@Injectable()
export class TaskRunner implements OnApplicationShutdown {
  private readonly live = new Map<string, LiveTask>();
  private readonly waiting: LiveTask[] = [];
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly store: TaskStore,
    private readonly dispatcher: Dispatcher,
    private readonly limits: Limits,
    private readonly log: AppLog,
  ) {}

  /** Tasks that are not over: running, waiting for a place or for answers. */
  count(): number {
    return this.live.size;
  }

  /** @throws ServerError RATE_LIMITED or OVERLOADED when no further task can be kept. */
  async start(call: TaskCall): Promise<Task> {
    const task = await this.store.create(principalKey(call.principal));
    const expire = (): void =>
      void this.stop(live).catch((err: unknown) => this.log.error('a task did not end', { err }));
    const live = new LiveTask(task.id, call, setTimeout(expire, task.ttlMs).unref());
    this.live.set(live.id, live);
    this.enter(live);
    return task;
  }

  find(id: string, principal: Principal): Promise<Task | undefined> {
    return this.store.find(id, principalKey(principal));
  }

  /** Takes answers to open questions, some or all; anything else is ignored. @returns whether there is such a task. */
  async answer(id: string, principal: Principal, answers: InputAnswers): Promise<boolean> {
    if ((await this.find(id, principal)) === undefined) return false;
    const live = this.live.get(id);
    if (live === undefined || !live.hasOpenQuestions) return true;
    live.take(answers);
    if (live.hasOpenQuestions) await this.store.advance(id, live.questions());
    else {
      await this.store.advance(id, { status: 'working' });
      this.enter(live);
    }
    return true;
  }

  /** Asks a task to stop; one that is over stays as it is. @returns whether there is such a task. */
  async cancel(id: string, principal: Principal): Promise<boolean> {
    if ((await this.find(id, principal)) === undefined) return false;
    const live = this.live.get(id);
    if (live !== undefined) await this.stop(live);
    return true;
  }

  private async stop(live: LiveTask): Promise<void> {
    live.isCancelled = true;
    if (live.giveUp !== undefined) return live.giveUp();
    const place = this.waiting.indexOf(live);
    if (place >= 0) this.waiting.splice(place, 1);
    await this.finish(live, { status: 'cancelled' });
  }

  private enter(live: LiveTask): void {
    if (this.running.size >= this.limits.tasksRunning) {
      this.waiting.push(live);
      return;
    }
    const run = this.run(live)
      .catch((err: unknown) => this.log.error('a task could not be kept', { err }))
      .finally(() => {
        this.running.delete(run);
        const next = this.waiting.shift();
        if (next !== undefined) this.enter(next);
      });
    this.running.add(run);
  }

  private async run(live: LiveTask): Promise<void> {
    // Cancelled between its last answer and its turn.
    if (live.isCancelled) return;
    const { name, input, principal, meta, askable } = live.call;
    const whenGone = (giveUp: () => void): void => {
      live.giveUp = giveUp;
      if (live.isCancelled) giveUp();
    };
    const rounds = { state: live.state, answers: live.takeAnswers(), askable };
    const bounds = { whenGone, isLong: true, deadlineMs: this.limits.taskDeadlineMs };
    try {
      const request = { principal, meta, client: this.channelOf(live), ...rounds, ...bounds };
      const outcome = await this.dispatcher.callTool(name, input, request);
      live.giveUp = undefined;
      if (outcome.kind === 'input_required' && !live.isCancelled) await this.ask(live, outcome);
      else await this.finish(live, endOf(outcome, live.isCancelled));
    } catch (error) {
      live.giveUp = undefined;
      if (!(error instanceof ProtocolViolation)) this.log.error('a task failed unexpectedly', { err: error });
      await this.finish(live, { status: 'failed', error: toTaskError(error) });
    }
  }

  /** Parks the task until every question is answered. */
  private async ask(live: LiveTask, { requests, state, callId }: NeedsInput): Promise<void> {
    const missing = undeclared(requests, live.call.askable);
    if (missing !== undefined) return this.finish(live, { status: 'failed', error: toTaskError(missing) });
    if (live.questionsAsked + Object.keys(requests).length > MAX_QUESTIONS)
      return this.finish(live, endOfPatience(callId, MAX_QUESTIONS));
    live.ask(requests, state);
    await this.store.advance(live.id, live.questions());
  }

  private finish(live: LiveTask, state: TaskState): Promise<void> {
    clearTimeout(live.expiry);
    this.live.delete(live.id);
    return this.store.advance(live.id, state, messageOf(state));
  }

  /** Tasks have no stream: progress becomes what the task says of itself, log messages go nowhere. */
  private channelOf(live: LiveTask): ClientChannel {
    return {
      progress: (progress, total, message) => {
        if (live.giveUp === undefined) return;
        const text = message ?? (total === undefined ? String(progress) : `${progress} of ${total}`);
        this.store
          .advance(live.id, { status: 'working' }, text.slice(0, MESSAGE_CHARS))
          .catch((err: unknown) => this.log.debug('the progress of a task could not be kept', { err }));
      },
      log: () => undefined,
    };
  }

  async onApplicationShutdown(): Promise<void> {
    const all = [...this.live.values()];
    // All of them first: a place that becomes free must not start one that waits.
    for (const live of all) live.isCancelled = true;
    for (const live of all) await this.stop(live);
    await Promise.all(this.running);
  }
}
