import type { ExecutionContext } from '@nestjs/common';
import type { OperationMetrics } from '@app/metrics';
import { type CallFacts, callOf, ToolCall } from '@app/mcp';
import { indexOf, type StageName } from '../stages/stages.js';
import type { CallTrace } from './call-trace.js';
import type { Lifetime } from './lifetime.js';
import type { Quota } from './quota.js';
import type { Subject } from './subject.js';

export interface RunningFacts extends CallFacts {
  readonly lifetime: Lifetime;
  readonly subject: Subject;
  readonly inputDigest: string;
  readonly trace: CallTrace;
  readonly metrics: OperationMetrics;
  /** Records the intent before the effect; absent where nothing is changed. */
  readonly intend?: () => Promise<void>;
}

/** Why a result is less than it could be. */
export interface Degraded {
  readonly reason: string;
  /** How old the data is, where it is old. */
  readonly ageMs?: number;
}

export type Ending =
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly thrown: unknown }
  | { readonly kind: 'failure' };

/** A call as the stages see it: what its method sees, and what they must know of each other. */
export class RunningCall extends ToolCall {
  readonly subject: Subject;
  readonly inputDigest: string;
  /** The arguments as they were sent: what a schema makes of them need not tell them apart. */
  readonly rawInput: unknown;
  readonly trace: CallTrace;
  readonly bounds: Lifetime;
  private readonly metrics: OperationMetrics;
  private readonly intend?: () => Promise<void>;
  private reached = -1;
  private intended = false;
  /** The input is what the schema made of the arguments, not the arguments themselves. */
  isInputValidated = false;
  /** Attempts whose method has begun. */
  methodRuns = 0;
  /** Work that goes on although its attempt was given up. */
  readonly outliving: Promise<unknown>[] = [];
  degraded?: Degraded;
  /** The limit that was nearest when the call was counted. */
  quota?: Quota;
  /** How the stages ended, before an author's filters or anybody else could say otherwise. */
  ending?: Ending;

  constructor(facts: RunningFacts) {
    super(facts);
    this.subject = facts.subject;
    this.inputDigest = facts.inputDigest;
    this.rawInput = facts.input;
    this.trace = facts.trace;
    this.bounds = facts.lifetime;
    this.metrics = facts.metrics;
    this.intend = facts.intend;
  }

  enter(stage: StageName): void {
    const place = indexOf(stage);
    this.reached = place;
    this.trace.enter(place);
  }

  /** Whether this is the stage the call has reached last. */
  isAt(stage: StageName): boolean {
    return this.reached === indexOf(stage);
  }

  /** What a stage decided, other than to let the call pass. */
  note(stage: StageName, decision: string): void {
    this.trace.note(stage, decision);
    this.metrics.decided(stage, decision);
  }

  /** Before the first attempt, and only then. @throws ServerError POLICY_UNAVAILABLE */
  recordIntent(): Promise<void> | undefined {
    if (this.intend === undefined || this.intended) return undefined;
    this.intended = true;
    return this.intend();
  }

  /** Resolves when nothing of this call runs any more; undefined when that is so already. */
  workEnds(): Promise<unknown> | undefined {
    return this.outliving.length === 0 ? undefined : Promise.allSettled(this.outliving);
  }
}

/** The call of an execution context. @throws Error where somebody invoked a method past the dispatcher. */
export function runningCallOf(context: ExecutionContext): RunningCall {
  const call: unknown = callOf(context);
  if (call instanceof RunningCall) return call;
  throw new Error('A platform stage met a call that does not come from the dispatcher');
}
