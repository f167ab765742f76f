import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { type ErrorCode, principalKey, type ServerError } from '@app/mcp';
import type { RunningCall } from '../call/running-call.js';

interface Failing {
  readonly code: ErrorCode;
  readonly times: number;
  /** Monotonic, ms: when it failed last. */
  readonly at: number;
}

/** What is part of going on well, or says nothing of the call. */
const NO_FAILURE = new Set<ErrorCode>(['CANCELLED', 'CONFIRMATION_REQUIRED', 'STUCK_LOOP']);

/** Callers the memory holds; whoever failed longest ago is forgotten first, and then fails as if for the first time. */
const CAPACITY = 10_000;

/** How often the same caller made the same call with the same arguments and got the same refusal. In memory, of this process. */
@Injectable()
export class RepeatedFailures {
  /** In the order of the last failure. */
  private readonly failing = new Map<string, Failing>();

  constructor(private readonly limits: Limits) {}

  /** The failure a call is stuck in. After a pause one more call gets through: what was in the way may be gone. */
  of(call: RunningCall): Failing | undefined {
    // A key asks for the answer to a call that may have been made already.
    if (this.failing.size === 0 || call.idempotencyKey !== undefined) return undefined;
    const found = this.failing.get(keyOf(call));
    if (found === undefined || found.times < this.limits.sameFailures) return undefined;
    return performance.now() - found.at < this.limits.sameFailurePauseMs ? found : undefined;
  }

  /** Takes note of how a call ended. What can be tried again as it is was no fault of the call. */
  record(call: RunningCall, error: ServerError | undefined): void {
    if (error === undefined) {
      if (this.failing.size > 0) this.failing.delete(keyOf(call));
      return;
    }
    if (error.retryable || NO_FAILURE.has(error.code)) return;
    const key = keyOf(call);
    const before = this.failing.get(key);
    this.failing.delete(key);
    if (this.failing.size >= CAPACITY) this.failing.delete(this.failing.keys().next().value!);
    const times = before?.code === error.code ? before.times + 1 : 1;
    this.failing.set(key, { code: error.code, times, at: performance.now() });
  }
}

const keyOf = ({ principal, subject, inputDigest }: RunningCall): string =>
  `${principalKey(principal)}${subject.kind} ${subject.name} ${inputDigest}`;
