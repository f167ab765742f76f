import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '@app/config';
import { principalKey, ServerError } from '@app/mcp';
import { CounterStore, MAX_COUNTER_KEY_CHARS, MAX_LIMIT, MemoryCounterStore, type Taken } from '@app/storage';
import type { RunningCall } from '../call/running-call.js';
import { LivePolicy } from '../policies/live-policy.js';
import { CallLimits } from '../policies/call-limits.policy.js';
import { Gate } from './gate.js';

/**
 * Stage `throttle`: never more than the limit in any window, for each caller and operation. Refusals by later stages
 * count. More than a counter can count (65,535) is no limit.
 */
@Injectable()
export class ThrottleGuard extends Gate {
  override readonly stage = 'throttle';
  override readonly executes = [CallLimits];
  private readonly local = new MemoryCounterStore();

  constructor(
    private readonly counters: CounterStore,
    private readonly settings: ThrottleSettings,
    private readonly policy: LivePolicy,
  ) {
    super();
  }

  override check(call: RunningCall): void | Promise<void> {
    const limit = this.policy.limitsOf(call.subject).callsPerWindow ?? this.settings.maxRequests;
    if (limit > MAX_LIMIT) return;
    const taken = this.counters.take(keyOf(call), limit, this.settings.windowMs);
    if (!(taken instanceof Promise)) return this.judge(call, limit, taken);
    return taken.then(
      (each) => this.judge(call, limit, each),
      () => this.judgeLocally(call, limit),
    );
  }

  /** The store that all servers share is lost: each counts for itself then, and lets fewer pass. */
  private judgeLocally(call: RunningCall, limit: number): void {
    call.note('throttle', 'counted locally');
    const share = Math.max(1, Math.floor(limit / LOCAL_SHARE));
    this.judge(call, share, this.local.take(keyOf(call), share, this.settings.windowMs));
  }

  private judge(call: RunningCall, limit: number, { allowed, retryAfterMs }: Taken): void {
    if (allowed) return;
    const seconds = this.settings.windowMs / 1_000;
    this.policy.refuse(
      call,
      'throttle',
      new ServerError('RATE_LIMITED', `At most ${limit} calls of this kind are accepted in ${seconds} s.`, {
        retryAfterMs,
      }),
    );
  }
}

/** While the shared store is lost a server lets this part of a limit pass: as if there were four of them. */
const LOCAL_SHARE = 4;

/** A caller's names may be long; a counter's key may not. */
function keyOf({ principal, subject }: RunningCall): string {
  const key = `${principalKey(principal)}${subject.kind} ${subject.name}`;
  return key.length <= MAX_COUNTER_KEY_CHARS ? key : hash('sha256', key);
}
