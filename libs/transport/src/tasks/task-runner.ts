import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import {
  type CallState,
  type ClientChannel,
  type InputAnswers,
  type InputRequest,
  type Principal,
  principalKey,
  ProtocolViolation,
} from '@app/mcp';
import { Dispatcher, type NeedsInput } from '@app/pipeline';
import { toWireQuestion, undeclared } from '../protocol/input-requests.js';
import type { Task, TaskState } from './task.js';
import { endOf, endOfPatience, messageOf, toTaskError } from './task-outcome.js';
import { TaskStore } from './task-store.js';

const MESSAGE_CHARS = 200;
const MAX_QUESTIONS = 100;

/** A call that is to run as a task. */
export interface TaskCall {
  readonly principal: Principal;
  readonly name: string;
  readonly input: unknown;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly askable: readonly InputRequest['kind'][];
  /** Answers given before the task existed. */
  readonly state?: CallState;
}

/** A task that is not over, in this process. */
interface Live {
  readonly id: string;
  readonly call: TaskCall;
  readonly expiry: NodeJS.Timeout;
  state?: CallState;
  /** Every key the client was asked under: none is used twice. */
  readonly asked: Set<string>;
  /** What the tool calls the questions that are open, by the key the client knows. */
  readonly open: Map<string, { readonly key: string; readonly question: InputRequest }>;
  answers: Record<string, unknown>;
  isCancelled: boolean;
  giveUp?: () => void;
}

/**
 * Runs calls apart from the requests that started them: a client that leaves does not end them; `cancel`, their own
 * deadline (`Limits.taskDeadlineMs`) and the end of the process do. At most `Limits.tasksRunning` run at once, the
 * others wait their turn; one that waits for answers takes no place.
 */
@Injectable()
export class TaskRunner implements OnApplicationShutdown {
  private readonly live = new Map<string, Live>();
  private readonly waiting: Live[] = [];
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
    const expiry = setTimeout(() => void this.stop(live), task.ttlMs).unref();
    const { state } = call;
    const live: Live = { id: task.id, call, expiry, state, asked: new Set(), open: new Map(), answers: {}, isCancelled: false };
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
    if (live === undefined || live.open.size === 0) return true;
    for (const [asked, { key }] of [...live.open]) {
      if (!Object.hasOwn(answers, asked)) continue;
      live.answers[key] = answers[asked];
      live.open.delete(asked);
    }
    if (live.open.size > 0) await this.store.advance(id, questionsOf(live));
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

  private async stop(live: Live): Promise<void> {
    live.isCancelled = true;
    if (live.giveUp !== undefined) return live.giveUp();
    const place = this.waiting.indexOf(live);
    if (place >= 0) this.waiting.splice(place, 1);
    await this.finish(live, { status: 'cancelled' });
  }

  private enter(live: Live): void {
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

  private async run(live: Live): Promise<void> {
    if (live.isCancelled) return;
    const { name, input, principal, meta, askable } = live.call;
    const { state, answers } = live;
    live.answers = {};
    const whenGone = (giveUp: () => void): void => {
      live.giveUp = giveUp;
      if (live.isCancelled) giveUp();
    };
    const deadlineMs = this.limits.taskDeadlineMs;
    const request = { principal, meta, askable, state, answers, whenGone, deadlineMs, client: this.channelOf(live) };
    try {
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
  private async ask(live: Live, { requests, state, callId }: NeedsInput): Promise<void> {
    const missing = undeclared(requests, live.call.askable);
    if (missing !== undefined) return this.finish(live, { status: 'failed', error: toTaskError(missing) });
    const questions = Object.entries(requests);
    if (live.asked.size + questions.length > MAX_QUESTIONS) return this.finish(live, endOfPatience(callId, MAX_QUESTIONS));
    live.state = state;
    for (const [key, question] of questions) live.open.set(freshKey(live.asked, key), { key, question });
    await this.store.advance(live.id, questionsOf(live));
  }

  private finish(live: Live, state: TaskState): Promise<void> {
    clearTimeout(live.expiry);
    this.live.delete(live.id);
    return this.store.advance(live.id, state, messageOf(state));
  }

  /** Tasks have no stream: progress becomes what the task says of itself, log messages go nowhere. */
  private channelOf(live: Live): ClientChannel {
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

function questionsOf({ open }: Live): TaskState {
  const inputRequests = Object.fromEntries([...open].map(([asked, { question }]) => [asked, toWireQuestion(question)]));
  return { status: 'input_required', inputRequests };
}

function freshKey(asked: Set<string>, key: string): string {
  let fresh = key;
  for (let round = 2; asked.has(fresh); round++) fresh = `${key}-${round}`;
  asked.add(fresh);
  return fresh;
}
