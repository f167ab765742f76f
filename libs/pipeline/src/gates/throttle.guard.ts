import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ThrottleSettings } from '@app/config';
import { principalKey, ServerError } from '@app/mcp';
import { CounterStore, MAX_COUNTER_KEY_CHARS, MAX_LIMIT, MemoryCounterStore, type Taken } from '@app/storage';
import type { Quota } from '../call/quota.js';
import type { RunningCall } from '../call/running-call.js';
import { CallLimits } from '../policies/call-limits.policy.js';
import { LivePolicy } from '../policies/live-policy.js';
import { Gate } from './gate.js';

/** So many calls in any window of that length. */
interface Rate {
  readonly name: Quota['name'];
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
}

const WHAT: Readonly<Record<Quota['name'], string>> = { tool: 'calls of this kind', tenant: 'calls of your tenant' };
/** While the shared store is lost a server lets this part of a limit pass: as if there were four of them. */
const LOCAL_SHARE = 4;

/**
 * Stage `throttle`: never more than the limit in any window, for each caller and operation, and for all callers of a
 * tenant together. Refusals by later stages count. More than a counter can count (65,535) is no limit.
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
    const own = this.count(call, this.ownRate(call));
    const tenantsRate = this.tenantsRate(call);
    if (tenantsRate === undefined) return own;
    // What the caller's own limit refuses is not his tenant's loss.
    return own === undefined ? this.count(call, tenantsRate) : own.then(() => this.count(call, tenantsRate));
  }

  private ownRate(call: RunningCall): Rate {
    const { callsPerWindow, windowMs } = this.policy.limitsOf(call.subject);
    return {
      name: 'tool',
      key: keyOf(call),
      limit: callsPerWindow ?? this.settings.maxRequests,
      windowMs: windowMs ?? this.settings.windowMs,
    };
  }

  private tenantsRate({ principal }: RunningCall): Rate | undefined {
    const limit = this.policy.tenantOf(principal)?.callsPerWindow;
    if (limit === undefined) return undefined;
    const key = `tenant ${hash('sha256', principal.tenant)}`;
    return { name: 'tenant', key, limit, windowMs: this.settings.windowMs };
  }

  private count(call: RunningCall, rate: Rate): void | Promise<void> {
    if (rate.limit > MAX_LIMIT) return;
    const taken = this.counters.take(rate.key, rate.limit, rate.windowMs);
    if (!(taken instanceof Promise)) return this.judge(call, rate, taken);
    return taken.then(
      (each) => this.judge(call, rate, each),
      () => this.countLocally(call, rate),
    );
  }

  /** The store that all servers share is lost: each counts for itself then, and lets fewer pass. */
  private countLocally(call: RunningCall, rate: Rate): void {
    call.note('throttle', 'counted locally');
    const share = { ...rate, limit: Math.max(1, Math.floor(rate.limit / LOCAL_SHARE)) };
    this.judge(call, share, this.local.take(share.key, share.limit, share.windowMs));
  }

  private judge(call: RunningCall, { name, limit, windowMs }: Rate, taken: Taken): void {
    const { allowed, remaining, retryAfterMs, resetAfterMs } = taken;
    if (call.quota === undefined || remaining < call.quota.remaining || !allowed)
      call.quota = { name, limit, windowMs, remaining, resetAfterMs: allowed ? resetAfterMs : retryAfterMs };
    if (allowed) return;
    const message = `At most ${limit} ${WHAT[name]} are accepted in ${windowMs / 1_000} s.`;
    this.policy.refuse(call, 'throttle', new ServerError('RATE_LIMITED', message, { retryAfterMs }));
  }
}

/** A caller's names may be long; a counter's key may not. */
function keyOf({ principal, subject }: RunningCall): string {
  const key = `${principalKey(principal)}${subject.kind} ${subject.name}`;
  return key.length <= MAX_COUNTER_KEY_CHARS ? key : hash('sha256', key);
}
