import { type Principal, ServerError } from '@app/mcp';
import type { SecurityEvent, SecurityEvents } from '../audit/security-events.js';
import type { ApprovalStore } from './approval-store.js';
import type { Decider } from './decider.js';
import { isPlanId, type KeptPlan, type PlanStatus } from './plan.js';
import { type Undecidable, whyUndecidable } from './plan-rules.js';

/** What of a plan may be shown to those who decide on it. */
export type ShownPlan = Omit<KeptPlan, 'digest' | 'state'>;

export interface PlansWanted {
  /** Default: those nobody has decided on. */
  readonly status?: PlanStatus | 'all';
  /** For the operator, who sees those of all tenants; anybody else sees those of his own. */
  readonly tenant?: string;
}

const REFUSALS: Readonly<Record<Undecidable, () => ServerError>> = {
  unknown: () => new ServerError('NOT_FOUND', 'There is no such plan that waits for an approval.'),
  own: () => new ServerError('POLICY_DENIED', 'Nobody decides on a call of his own.'),
  decided: () => new ServerError('CONFLICT', 'The plan was decided on before.'),
};

/** Decisions of somebody other than the caller, by whatever way they come. Each is recorded before it counts. */
export class Approvals {
  constructor(
    private readonly store: ApprovalStore,
    private readonly events: Pick<SecurityEvents, 'record'>,
  ) {}

  /** The oldest first, a bounded number. */
  async list(by: Decider, { status = 'pending', tenant }: PlansWanted = {}): Promise<readonly ShownPlan[]> {
    const plans = await this.store.list({
      tenant: by === 'operator' ? tenant : by.tenant,
      ...(status !== 'all' && { status }),
    });
    return plans.map(shown);
  }

  /**
   * Lets the caller apply the plan, once.
   * @throws ServerError NOT_FOUND, also for a plan of another tenant and when its time is over; POLICY_DENIED for one's
   * own call; CONFLICT when it was decided on before; what the audit throws, and then it is not approved
   */
  approve(id: string, by: Decider): Promise<ShownPlan> {
    return this.decide(id, by, true);
  }

  /** Ends the plan. @throws ServerError as `approve` */
  deny(id: string, by: Decider): Promise<ShownPlan> {
    return this.decide(id, by, false);
  }

  private async decide(id: string, by: Decider, approve: boolean): Promise<ShownPlan> {
    const found = await this.store.find(id);
    const why = whyUndecidable(found, by);
    // Of what he must not know, not even the record he may read tells him.
    const plan = why === 'unknown' ? undefined : found;
    const event: SecurityEvent = {
      operation: 'approval_decided',
      ...whoDecides(by, plan),
      details: {
        plan: isPlanId(id) ? id : 'ill-formed',
        verdict: approve ? 'approved' : 'denied',
        ...(plan !== undefined && { operation: plan.operation }),
      },
    };
    const refuse = async (why: Undecidable): Promise<never> => {
      const error = REFUSALS[why]();
      await this.events.record({ ...event, decision: error.code, reason: error.message });
      throw error;
    };
    if (why !== undefined) return refuse(why);
    // First: what cannot be recorded must not happen. Where somebody else was quicker, that is recorded too.
    await this.events.record(event);
    const decided = await this.store.decide(id, { by, approve });
    return decided.kind === 'decided' ? shown(decided.plan) : refuse(decided.why);
  }
}

function whoDecides(
  by: Decider,
  plan: KeptPlan | undefined,
): Pick<SecurityEvent, 'tenant' | 'subject' | 'actors' | 'via'> {
  if (by === 'operator') return { subject: by, ...(plan !== undefined && { tenant: plan.caller.tenant }) };
  const { tenant, subject, actors, via }: Principal = by;
  return { tenant, subject, ...(actors.length > 0 && { actors }), ...(via !== undefined && { via }) };
}

const shown = ({ digest: _digest, state: _state, ...plan }: KeptPlan): ShownPlan => plan;
