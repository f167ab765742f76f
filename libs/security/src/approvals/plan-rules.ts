import type { Approver } from '@app/config';
import type { Redeemed } from './approval-store.js';
import { type Decider, isSameParty } from './decider.js';
import { callerKey, type KeptPlan, type PlannedCall } from './plan.js';

/** Why a confirmation does not count: the caller is told the same for each, or he could ask about plans of others. */
export type NotRedeemed = 'unknown' | 'foreign' | 'altered' | 'used' | 'not approved by another';

/** Why somebody cannot decide on a plan. */
export type Undecidable = 'unknown' | 'own' | 'decided';

/** How a confirmation ends. @param plan one whose time is not over */
export function redemptionOf(plan: KeptPlan | undefined, call: PlannedCall, approver: Approver): Redeemed {
  const refused = (why: NotRedeemed): Redeemed => ({ kind: 'refused', why });
  if (plan === undefined) return refused('unknown');
  if (callerKey(plan.caller) !== callerKey(call.caller)) return refused('foreign');
  if (plan.operation !== call.operation || plan.digest !== call.digest) return refused('altered');
  if (plan.status === 'denied') return { kind: 'denied' };
  if (plan.status === 'used') return refused('used');
  // The operator may demand now what he did not when it was proposed.
  if (plan.approver === 'caller' && approver === 'other') return refused('not approved by another');
  if (plan.approver === 'other' && plan.status === 'pending') return { kind: 'waiting' };
  return { kind: 'redeemed', ...(plan.state !== undefined && { state: plan.state }) };
}

/** Why he cannot decide; undefined where he can. @param plan one whose time is not over */
export function whyUndecidable(plan: KeptPlan | undefined, by: Decider): Undecidable | undefined {
  if (plan === undefined || plan.approver === 'caller') return 'unknown';
  if (by !== 'operator') {
    // He does not learn that there is one.
    if (plan.caller.tenant !== by.tenant) return 'unknown';
    if (isSameParty(plan.caller, by)) return 'own';
  }
  return plan.status === 'pending' ? undefined : 'decided';
}
