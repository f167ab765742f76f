import type { CallState, InputAnswers, InputRequest, InputRequests, Principal } from '@app/mcp';
import { toWireQuestion } from '../protocol/input-requests.js';
import type { TaskState } from './task.js';

/** A call that is to run as a task. */
export interface TaskCall {
  readonly principal: Principal;
  readonly name: string;
  readonly input: unknown;
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Kinds of questions the client has declared it can answer. */
  readonly askable: readonly InputRequest['kind'][];
  /** Answers given before the task existed. */
  readonly state?: CallState;
}

/** A task that is not over, in this process: its call, and the questions that stand between it and its end. */
export class LiveTask {
  state?: CallState;
  isCancelled = false;
  /** Ends the call that runs; absent while none does. */
  giveUp?: () => void;

  /** Every key the client was asked under: none is used twice. */
  private readonly asked = new Set<string>();
  /** What the tool calls the questions that are open, by the key the client knows. */
  private readonly open = new Map<string, { readonly key: string; readonly question: InputRequest }>();
  private answers: Record<string, unknown> = {};

  constructor(
    readonly id: string,
    readonly call: TaskCall,
    readonly expiry: NodeJS.Timeout,
  ) {
    this.state = call.state;
  }

  get hasOpenQuestions(): boolean {
    return this.open.size > 0;
  }
  get questionsAsked(): number {
    return this.asked.size;
  }

  ask(requests: InputRequests, state: CallState): void {
    this.state = state;
    for (const [key, question] of Object.entries(requests)) this.open.set(this.freshKey(key), { key, question });
  }

  /** Takes answers to open questions; anything else is ignored. */
  take(answers: InputAnswers): void {
    for (const [asked, { key }] of this.open) {
      if (!Object.hasOwn(answers, asked)) continue;
      this.answers[key] = answers[asked];
      this.open.delete(asked);
    }
  }

  /** Hands out what was answered since the last run. */
  takeAnswers(): InputAnswers {
    const { answers } = this;
    this.answers = {};
    return answers;
  }

  /** The open questions as the client reads them. */
  questions(): TaskState {
    const questions = [...this.open].map(([asked, { question }]) => [asked, toWireQuestion(question)]);
    return { status: 'input_required', inputRequests: Object.fromEntries(questions) };
  }

  private freshKey(key: string): string {
    let fresh = key;
    for (let round = 2; this.asked.has(fresh); round++) fresh = `${key}-${round}`;
    this.asked.add(fresh);
    return fresh;
  }
}
