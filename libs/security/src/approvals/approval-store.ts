import type { Approver } from '@app/config';
import type { Decider } from './decider.js';
import type { KeptPlan, Plan, PlannedCall, PlanStatus } from './plan.js';
import type { NotRedeemed, Undecidable } from './plan-rules.js';

/** What became of a confirmation. */
export type Redeemed =
  | { readonly kind: 'redeemed'; /** What the dry run saw. */ readonly state?: string }
  /** Nobody has decided yet. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'denied' }
  /** @property why for the record, and never for the caller */
  | { readonly kind: 'refused'; readonly why: NotRedeemed };

export type Decided =
  { readonly kind: 'decided'; readonly plan: KeptPlan } | { readonly kind: 'refused'; readonly why: Undecidable };

/** @property approve false denies it */
export interface Decision {
  readonly by: Decider;
  readonly approve: boolean;
}

export interface PlansAsked {
  /** All, where it is absent. */
  readonly tenant?: string;
  readonly status?: PlanStatus;
}

export interface ApprovalSettings {
  /** Plans in all; one more is refused. */
  readonly maxPlans: number;
  /** Plans of one caller; what is over, and then his oldest, gives way to a new one. */
  readonly maxPlansPerCaller: number;
  /** How long the caller has to confirm. */
  readonly ttlMs: number;
  /** How long there is for somebody else to approve, and for the caller to confirm then. */
  readonly otherTtlMs: number;
}

export const APPROVAL_DEFAULTS: ApprovalSettings = {
  maxPlans: 10_000,
  maxPlansPerCaller: 50,
  ttlMs: 5 * 60_000,
  otherTtlMs: 60 * 60_000,
};
/** Most plans one list holds. */
export const MAX_LISTED_PLANS = 1_000;

/**
 * Keeps plans between the call that proposed one, the decision on it, and the call that confirms it. Every change
 * happens at once or not at all: of two confirmations of one plan one counts, of two decisions the first.
 */
export abstract class ApprovalStore {
  /**
   * @returns the id to confirm with: works once, for the same call only, and not for long. What is proposed to others
   * again, while it is neither denied nor used, keeps its id: they decide on it once.
   * @throws ServerError OVERLOADED when the plans of all callers fill the store
   */
  abstract propose(plan: Plan): Promise<string>;
  /** Uses the plan up, if it was made for this very call and is approved as is asked for now; otherwise changes nothing. */
  abstract redeem(id: string, call: PlannedCall, approver: Approver): Promise<Redeemed>;
  /** Gives a plan back that was redeemed for a call in which nothing was done. Its time goes on. */
  abstract giveBack(id: string, call: PlannedCall): Promise<void>;

  /** A plan whose time is not over, whoever asks. */
  abstract find(id: string): Promise<KeptPlan | undefined>;
  /** Plans that are for others to decide and whose time is not over, the oldest first, a bounded number. */
  abstract list(asked: PlansAsked): Promise<readonly KeptPlan[]>;
  /** Approves or denies a plan, once, if the rules let him. */
  abstract decide(id: string, decision: Decision): Promise<Decided>;
}
