import { type Principal, principalKey } from '@app/mcp';
import type { PlannedCall } from './plan.js';

/** Who decides on a plan: somebody the server knows, or whoever runs its command line beside its data. */
export type Decider = Principal | 'operator';

/** How a decider is written down. No `principalKey` is spelled like the operator. */
export const deciderKey = (by: Decider): string => (by === 'operator' ? by : principalKey(by));

/**
 * Whether nobody decides there but whoever made the call: it is the same subject, one of the two acts for the other, or
 * the same service acts for both and could have written both.
 */
export function isSameParty(caller: PlannedCall['caller'], by: Principal): boolean {
  if (caller.tenant !== by.tenant) return false;
  const acting = new Set([caller.subject, ...caller.actors]);
  return [by.subject, ...by.actors].some((name) => acting.has(name));
}
