import { randomBytes } from 'node:crypto';
import { ServerError } from '@app/mcp';
import { ApprovalStore, type Plan } from './approval-store.js';

interface Kept {
  readonly plan: Plan;
  readonly until: number;
}

interface Settings {
  readonly maxPlans?: number;
  readonly maxPlansPerCaller?: number;
  readonly ttlMs?: number;
  /** Monotonic clock in ms. */
  readonly now?: () => number;
}

const same = (a: Plan, b: Plan): boolean =>
  a.caller === b.caller && a.operation === b.operation && a.digest === b.digest;

/**
 * Plans in the memory of one process: 10,000 in all, 50 per caller (his oldest gives way), five minutes each. A
 * restart loses all of them: the call that would confirm one is refused and proposes anew.
 */
export class MemoryApprovalStore extends ApprovalStore {
  /** Oldest first. */
  private readonly plans = new Map<string, Kept>();
  private readonly byCaller = new Map<string, Set<string>>();
  private readonly maxPlans: number;
  private readonly maxPlansPerCaller: number;
  private readonly ttlMs: number;
  private readonly now: () => number;

  constructor({
    maxPlans = 10_000,
    maxPlansPerCaller = 50,
    ttlMs = 5 * 60_000,
    now = () => performance.now(),
  }: Settings = {}) {
    super();
    this.maxPlans = maxPlans;
    this.maxPlansPerCaller = maxPlansPerCaller;
    this.ttlMs = ttlMs;
    this.now = now;
  }

  /** @throws ServerError OVERLOADED when other callers' plans fill the store. */
  override propose(plan: Plan): string {
    this.forgetExpired();
    const own = this.byCaller.get(plan.caller) ?? new Set<string>();
    if (own.size >= this.maxPlansPerCaller) this.forget(own.values().next().value!);
    if (this.plans.size >= this.maxPlans)
      throw new ServerError('OVERLOADED', 'Too many plans wait for a confirmation.', { retryAfterMs: this.ttlMs });
    const id = `plan_${randomBytes(18).toString('base64url')}`;
    this.giveBack(id, plan);
    return id;
  }

  override giveBack(id: string, plan: Plan): void {
    if (this.plans.size >= this.maxPlans) return;
    this.plans.set(id, { plan, until: this.now() + this.ttlMs });
    this.byCaller.set(plan.caller, (this.byCaller.get(plan.caller) ?? new Set<string>()).add(id));
  }

  override redeem(id: string, plan: Plan): boolean {
    this.forgetExpired();
    const kept = this.plans.get(id);
    // A wrong guess by somebody else must not use a plan up.
    if (kept === undefined || !same(kept.plan, plan)) return false;
    this.forget(id);
    return true;
  }

  private forgetExpired(): void {
    for (const [id, { until }] of this.plans) {
      if (until > this.now()) return;
      this.forget(id);
    }
  }

  private forget(id: string): void {
    const caller = this.plans.get(id)?.plan.caller;
    this.plans.delete(id);
    if (caller === undefined) return;
    const own = this.byCaller.get(caller);
    own?.delete(id);
    if (own?.size === 0) this.byCaller.delete(caller);
  }
}
