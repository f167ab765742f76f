import type { Approver } from '@app/config';
import { ServerError } from '@app/mcp';
import {
  APPROVAL_DEFAULTS,
  ApprovalStore,
  type ApprovalSettings,
  type Decided,
  type Decision,
  MAX_LISTED_PLANS,
  type PlansAsked,
  type Redeemed,
} from './approval-store.js';
import { deciderKey } from './decider.js';
import { callerKey, callerOf, type KeptPlan, newPlanId, type Plan, type PlannedCall } from './plan.js';
import { redemptionOf, whyUndecidable } from './plan-rules.js';

/**
 * Plans in the memory of one process: 10,000 in all, 50 per caller. No other process sees them, so that nobody can
 * approve them at its command line. A restart loses all of them: the call that would confirm one is refused and
 * proposes anew.
 */
export class MemoryApprovalStore extends ApprovalStore {
  /** By who approves them, for these live equally long: each the oldest first. */
  private readonly plans: Readonly<Record<Approver, Map<string, KeptPlan>>> = { caller: new Map(), other: new Map() };
  private readonly byCaller = new Map<string, Set<string>>();
  private readonly settings: ApprovalSettings;

  /** @param now milliseconds since 1970 */
  constructor(
    settings: Partial<ApprovalSettings> = {},
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.settings = { ...APPROVAL_DEFAULTS, ...settings };
  }

  override async propose(plan: Plan): Promise<string> {
    const { maxPlans, maxPlansPerCaller, ttlMs, otherTtlMs } = this.settings;
    this.forgetExpired();
    const key = callerKey(plan.caller);
    const own = this.byCaller.get(key) ?? new Set<string>();
    const proposed = [...own].map((id) => this.kept(id)!);
    const again = proposed.find((each) => !isOver(each) && isAskedOfOthers(each, plan));
    if (again !== undefined) return again.id;
    if (own.size >= maxPlansPerCaller) this.forget((proposed.find(isOver) ?? proposed[0]!).id);
    if (this.plans.caller.size + this.plans.other.size >= maxPlans)
      throw new ServerError('OVERLOADED', 'Too many plans wait for a confirmation.', { retryAfterMs: ttlMs });
    const id = newPlanId();
    const createdAt = this.now();
    const expiresAt = createdAt + (plan.approver === 'other' ? otherTtlMs : ttlMs);
    this.keep({ ...plan, caller: callerOf(key), id, status: 'pending', createdAt, expiresAt });
    this.byCaller.set(key, (this.byCaller.get(key) ?? new Set()).add(id));
    return id;
  }

  override async redeem(id: string, call: PlannedCall, approver: Approver): Promise<Redeemed> {
    const plan = this.live(id);
    const redeemed = redemptionOf(plan, call, approver);
    if (redeemed.kind === 'redeemed') this.keep({ ...plan!, status: 'used' });
    return redeemed;
  }

  override async giveBack(id: string, { caller }: PlannedCall): Promise<void> {
    const plan = this.kept(id);
    if (plan?.status !== 'used' || callerKey(plan.caller) !== callerKey(caller)) return;
    this.keep({ ...plan, status: plan.approver === 'other' ? 'approved' : 'pending' });
  }

  override async find(id: string): Promise<KeptPlan | undefined> {
    return this.live(id);
  }

  override async list({ tenant, status }: PlansAsked): Promise<readonly KeptPlan[]> {
    this.forgetExpired();
    return [...this.plans.other.values()]
      .filter((plan) => tenant === undefined || plan.caller.tenant === tenant)
      .filter((plan) => status === undefined || plan.status === status)
      .slice(0, MAX_LISTED_PLANS);
  }

  override async decide(id: string, { by, approve }: Decision): Promise<Decided> {
    const plan = this.live(id);
    const why = whyUndecidable(plan, by);
    if (why !== undefined) return { kind: 'refused', why };
    const status = approve ? 'approved' : 'denied';
    const decided: KeptPlan = { ...plan!, status, decidedBy: deciderKey(by), decidedAt: this.now() };
    this.keep(decided);
    return { kind: 'decided', plan: decided };
  }

  private live(id: string): KeptPlan | undefined {
    this.forgetExpired();
    const plan = this.kept(id);
    // The clock may have been set back meanwhile, so that they do not expire in their order.
    return plan !== undefined && plan.expiresAt > this.now() ? plan : undefined;
  }

  private kept(id: string): KeptPlan | undefined {
    return this.plans.caller.get(id) ?? this.plans.other.get(id);
  }

  /** In the place it had before, if it had one. */
  private keep(plan: KeptPlan): void {
    this.plans[plan.approver].set(plan.id, plan);
  }

  private forgetExpired(): void {
    const now = this.now();
    for (const plans of Object.values(this.plans))
      for (const { id, expiresAt } of plans.values()) {
        if (expiresAt > now) break;
        this.forget(id);
      }
  }

  private forget(id: string): void {
    const plan = this.kept(id);
    if (plan === undefined) return;
    this.plans[plan.approver].delete(id);
    const key = callerKey(plan.caller);
    const own = this.byCaller.get(key);
    own?.delete(id);
    if (own?.size === 0) this.byCaller.delete(key);
  }
}

const isOver = ({ status }: KeptPlan): boolean => status === 'used' || status === 'denied';

const isAskedOfOthers = (kept: KeptPlan, plan: Plan): boolean =>
  kept.approver === 'other' &&
  plan.approver === 'other' &&
  kept.operation === plan.operation &&
  kept.digest === plan.digest &&
  kept.state === plan.state;
