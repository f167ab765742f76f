import { z } from 'zod';
import { HandOff } from './hand-off.js';
import {
  type Elicited,
  type FormSchema,
  type InputAnswers,
  type InputRequest,
  InputRequired,
  type InputRequests,
  type CallState,
} from './input-request.js';
import type { Principal } from './principal.js';
import type { StateApproval } from './state-approval.js';

/** Log lines of one call; the implementation adds call id, tool and principal to each. */
export interface CallLogger {
  debug(message: string, facts?: Record<string, unknown>): void;
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}

/** What a call can tell its client while it runs. Both are dropped where the client did not ask for them. */
export interface ClientChannel {
  /** Strictly increasing `progress`; `total` in the same unit. */
  progress(progress: number, total?: number, message?: string): void;
  /** Protocol logging; deprecated by the protocol, kept for its conformance. */
  log(level: string, data: unknown): void;
}

/** How long a call has, and the signal of its end. */
export interface CallLifetime {
  /** Monotonic instant (`performance.now()`, ms) at which the caller is answered whatever happens. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
  /** @throws the reason, once the caller has been answered. */
  throwIfEnded(): void;
}

export interface CallFacts {
  readonly id: string;
  readonly operation: string;
  readonly input: unknown;
  readonly principal: Principal;
  readonly lifetime: CallLifetime;
  readonly log: CallLogger;
  readonly client: ClientChannel;
  /** Client-supplied `_meta`, own keys only; never trusted. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly answers?: InputAnswers;
  readonly state?: CallState;
  /** Kinds of questions the client has declared it can answer. */
  readonly askable?: readonly InputRequest['kind'][];
  /** The call can still become a task. */
  readonly canHandOff?: boolean;
}

/** Where a client puts the key of a call that must not run twice. */
export const IDEMPOTENCY_KEY_META = 'mcp-software-engineer/idempotency_key';
const MAX_KEY_CHARS = 255;

/** One call of one tool, prompt or resource, as its method sees it. */
export class ToolCall {
  readonly id: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly log: CallLogger;
  readonly client: ClientChannel;
  readonly meta: Readonly<Record<string, unknown>>;
  /** Raw arguments until the validation stage has replaced them by the parsed ones. */
  input: unknown;

  /** This call, or the attempt of it that runs now: what `@Ctx` hands to the method. */
  current: ToolCall = this;
  /** The platform's; absent where nothing has to be approved. */
  approval?: StateApproval;

  private readonly lifetime: CallLifetime;
  private readonly answers: InputAnswers;
  private readonly state?: CallState;
  private readonly askable: readonly InputRequest['kind'][];
  private readonly canHandOff: boolean;

  constructor(private readonly facts: CallFacts) {
    this.id = facts.id;
    this.operation = facts.operation;
    this.input = facts.input;
    this.principal = facts.principal;
    this.lifetime = facts.lifetime;
    this.log = facts.log;
    this.client = facts.client;
    this.meta = facts.meta;
    this.state = facts.state;
    this.askable = facts.askable ?? [];
    this.canHandOff = facts.canHandOff ?? false;
    // What was accepted in an earlier round is sealed; the client cannot change it afterwards.
    this.answers = { ...facts.answers, ...facts.state?.answers };
  }

  /** The key the client gave so that the call is not made twice; pass it on to services that know such keys. */
  get idempotencyKey(): string | undefined {
    const key = this.meta[IDEMPOTENCY_KEY_META];
    return typeof key === 'string' && key.length > 0 && key.length <= MAX_KEY_CHARS ? key : undefined;
  }

  /** The same call with less time: one attempt, which can end before the call does. */
  forAttempt(lifetime: CallLifetime): ToolCall {
    const attempt = new ToolCall({ ...this.facts, input: this.input, lifetime });
    attempt.approval = this.approval;
    return attempt;
  }

  /**
   * What divides a dry run from the effect, in a tool whose output has a `plan_id`. Ask it under the lock that holds
   * still what the call is about, before anything is changed: `if (!call.mayApply(hash)) return { preview };`.
   * @param state a hash of all that the effect depends on
   * @returns false in a dry run: what `state` is becomes part of the plan
   * @throws ServerError CONFLICT where it is no longer the state that was approved
   */
  mayApply(state: string): boolean {
    if (this.approval !== undefined) return this.approval.mayApply(state);
    return (this.input as { dry_run?: unknown } | undefined)?.dry_run !== true;
  }

  /** Aborted at the deadline, on cancellation and on shutdown. Pass it to everything that waits. */
  get signal(): AbortSignal {
    return this.lifetime.signal;
  }
  /** Monotonic instant (`performance.now()`, ms) at which the caller is answered whatever happens. */
  get deadlineAt(): number {
    return this.lifetime.deadlineAt;
  }

  /** Between two steps: @throws the reason why nobody waits for this call any more. */
  throwIfEnded(): void {
    this.lifetime.throwIfEnded();
  }

  /** Milliseconds left until the deadline, never negative. */
  remainingMs(): number {
    return Math.max(0, this.deadlineAt - performance.now());
  }

  /** Data given to `ask` in the previous round, `undefined` in the first. */
  previousState<T>(): T | undefined {
    return this.state?.data as T | undefined;
  }

  /** Whether the client says it can answer such a question. Asking another one ends the call with a protocol error. */
  canAsk(kind: InputRequest['kind']): boolean {
    return this.askable.includes(kind);
  }

  /**
   * From here on the work is long: where the client knows tasks, it gets one now, and the method runs again from its
   * start as that task; elsewhere this does nothing. What is asked before is asked before the task exists, what is
   * asked after it is asked through the task. Only for tools that declare `asksClient` and `task`; a tool that
   * declares only `task` runs as one from its first line.
   */
  handOff(): void {
    if (this.canHandOff) throw new HandOff({ answers: this.answers, data: this.state?.data });
  }

  /**
   * Asks the client several things at once and returns its answers by key.
   * @param accepts says whether an answer is usable; an unusable or missing one is asked again.
   */
  ask(requests: InputRequests, accepts: (key: string, answer: unknown) => boolean, data?: unknown): InputAnswers {
    const missing = Object.entries(requests).filter(
      ([key]) => !Object.hasOwn(this.answers, key) || !accepts(key, this.answers[key]),
    );
    if (missing.length === 0) return this.answers;
    const asked = new Set(missing.map(([key]) => key));
    const answers = Object.fromEntries(Object.entries(this.answers).filter(([key]) => !asked.has(key)));
    throw new InputRequired(Object.fromEntries(missing), { answers, data });
  }

  /** Asks the user one form; a missing or ill-formed answer is asked again. */
  elicit<S extends FormSchema>(key: string, question: { message: string; schema: S }): Elicited<z.infer<S>> {
    const schema = z.toJSONSchema(question.schema, { io: 'input' }) as Record<string, unknown>;
    const answers = this.ask(
      { [key]: { kind: 'elicitation', message: question.message, schema } },
      (_key, answer) => parseElicited(answer, question.schema) !== undefined,
    );
    return parseElicited(answers[key], question.schema) as Elicited<z.infer<S>>;
  }
}

function parseElicited<S extends FormSchema>(answer: unknown, schema: S): Elicited<z.infer<S>> | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { action, content } = answer as { action?: unknown; content?: unknown };
  if (action === 'decline' || action === 'cancel') return { action };
  if (action !== 'accept') return undefined;
  const parsed = schema.safeParse(content);
  return parsed.success ? { action, content: parsed.data } : undefined;
}
