import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Approver, PolicySource } from '@app/config';
import { HandOff, InputRequired, ServerError } from '@app/mcp';
import { ApprovalStore, KnownSecrets, type PlannedCall, type Redeemed } from '@app/security';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { Confirmation } from '../policies/confirmation.policy.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AroundStage, type Next, type Step } from './around-stage.js';
import { confirmationProblemsOf, showsState, takesConfirm, whoConfirms } from './confirmed-schema.js';
import { plannedCallOf, summaryOf, withPlan } from './planned-call.js';
import { ApprovedState, DryRunState, UNDECLARED } from './state-approvals.js';

const Consent = z.object({ confirm: z.boolean().describe('Do it') });
/** How soon to ask again whether somebody has approved. */
const WAITING_MS = 10_000;

/**
 * Stage `approval`: what is lost for good is lost only after it was confirmed, exactly as it was shown, and where the
 * operator demands it only after somebody else than the caller has approved it.
 */
@Injectable()
export class ApprovalStage extends AroundStage {
  override readonly stage = 'approval';
  override readonly executes = [Confirmation];

  constructor(
    private readonly plans: ApprovalStore,
    private readonly policy: LivePolicy,
    private readonly source: PolicySource,
    private readonly secrets: KnownSecrets,
  ) {
    super();
  }

  override problemsOf(subject: Subject): readonly string[] {
    if (whoConfirms(subject) === 'none' && subject.risk === 'destructive')
      return ['is of risk destructive, and that cannot do without a confirmation'];
    return confirmationProblemsOf(subject);
  }

  override stepFor(subject: Subject): Step | undefined {
    const isDeclared = whoConfirms(subject) === 'platform';
    if (!isDeclared && subject.kind !== 'tool') return undefined;
    return (call, next) => {
      const approver = this.approverOf(subject);
      return isDeclared || approver === 'other' ? this.approve(call, approver, next) : next();
    };
  }

  /** Who has to approve calls of it now. */
  private approverOf({ kind, name }: Subject): Approver {
    return (kind === 'tool' ? this.source.current().tools.get(name)?.approver : undefined) ?? 'caller';
  }

  private async approve(call: RunningCall, approver: Approver, next: Next): Promise<unknown> {
    call.enter('approval');
    const { subject } = call;
    const { confirm, dry_run: isDryRun } = (call.input ?? {}) as Record<string, unknown>;
    if (this.policy.isShadowed(subject, 'approval')) {
      if (typeof confirm !== 'string' && isDryRun !== true) call.note('approval', 'would refuse CONFIRMATION_REQUIRED');
      return next();
    }
    if (!showsState(subject) && whoConfirms(subject) === 'platform') call.approval = UNDECLARED;
    if (isDryRun === true) return showsState(subject) ? this.showPlan(call, approver, next) : next();
    if (!takesConfirm(subject))
      throw new ServerError('POLICY_DENIED', 'Somebody else has to approve this, and the tool takes no approval.');
    if (typeof confirm === 'string') return this.confirmed(call, confirm, approver, next);
    const state = showsState(subject) ? await this.look(call, next) : undefined;
    if (approver === 'other' || !subject.asksClient || !call.canAsk('elicitation'))
      return this.refuse(await this.propose(call, approver, state), approver);
    askFor(call, summaryOf(call, this.secrets), state);
    return this.apply(call, state, next);
  }

  /** A dry run the caller has asked for. */
  private async showPlan(call: RunningCall, approver: Approver, next: Next): Promise<unknown> {
    const { result, state } = await runDry(call, next);
    const id = await this.propose(call, approver, state);
    call.note('approval', 'proposed');
    return withPlan(result, id);
  }

  /** A dry run nobody has asked for, so that the plan or the question is about a state. @returns its digest */
  private async look(call: RunningCall, next: Next): Promise<string> {
    const { input, methodRuns } = call;
    const outliving = call.outliving.length;
    call.input = { ...(input as object), dry_run: true };
    try {
      const { state } = await runDry(call, next);
      call.throwIfEnded();
      // To look is not to begin: who is refused now was refused before it.
      call.methodRuns = methodRuns;
      call.enter('approval');
      return state;
    } finally {
      // What goes on of a dry run changes nothing that anybody had to wait for.
      call.outliving.length = outliving;
      call.input = input;
      call.approval = undefined;
    }
  }

  private propose(call: RunningCall, approver: Approver, state: string | undefined): Promise<string> {
    const summary = summaryOf(call, this.secrets);
    return this.plans.propose({ ...plannedCallOf(call), ...(state !== undefined && { state }), summary, approver });
  }

  private refuse(id: string, approver: Approver): never {
    if (approver === 'other')
      throw new ServerError('CONFIRMATION_REQUIRED', `Somebody else has to approve this, as ${id}; nothing was done.`, {
        hint: `Once somebody has, repeat the same call with confirm set to ${id}.`,
      });
    throw new ServerError('CONFIRMATION_REQUIRED', 'What this does cannot be undone; nothing was done yet.', {
      hint: `To do it, repeat the same call with confirm set to ${id}.`,
    });
  }

  private async confirmed(call: RunningCall, id: string, approver: Approver, next: Next): Promise<unknown> {
    const planned = plannedCallOf(call);
    const state = stateIn(await this.plans.redeem(id, planned, approver), call, id);
    call.note('approval', 'confirmed');
    try {
      return await this.apply(call, state, next);
    } catch (thrown) {
      const isUnused = call.methodRuns === 0 && call.outliving.length === 0;
      // Refused before it began, or asked a question: the same confirmation counts when it comes again.
      if (isUnused || thrown instanceof InputRequired || thrown instanceof HandOff)
        await this.giveBack(call, id, planned);
      throw thrown;
    }
  }

  /** A plan that cannot be given back stays used: the caller needs another one. */
  private async giveBack(call: RunningCall, id: string, planned: PlannedCall): Promise<void> {
    try {
      await this.plans.giveBack(id, planned);
    } catch (err) {
      call.log.error('a plan could not be given back', { err });
    }
  }

  private async apply(call: RunningCall, state: string | undefined, next: Next): Promise<unknown> {
    if (state === undefined) return next();
    const approved = new ApprovedState(state);
    call.approval = approved;
    const result = await next();
    if (approved.wasAsked) return result;
    call.note('approval', 'state unchecked');
    throw new ServerError('INTERNAL', 'The call ran, but did not make sure that it met what had been approved.', {
      hint: 'Look at what it has changed, and tell the operator the call id.',
    });
  }
}

/** @returns its result, and the digest of what it saw. @throws Error where the method did not say */
async function runDry(call: RunningCall, next: Next): Promise<{ readonly result: unknown; readonly state: string }> {
  const dryRun = new DryRunState();
  call.approval = dryRun;
  const result = await next();
  if (dryRun.seen === undefined) throw new Error(`${call.subject.name} made a dry run without asking mayApply`);
  return { result, state: dryRun.seen };
}

/** The state that is approved, of a confirmation that counts. @throws ServerError for any other */
function stateIn(redeemed: Redeemed, call: RunningCall, id: string): string | undefined {
  switch (redeemed.kind) {
    case 'redeemed':
      // One from before the tool was changed cannot be checked.
      if ((redeemed.state !== undefined) === showsState(call.subject)) return redeemed.state;
      break;
    case 'waiting':
      throw new ServerError('CONFIRMATION_REQUIRED', `Nobody has approved ${id} yet; nothing was done.`, {
        retryable: true,
        retryAfterMs: WAITING_MS,
        hint: 'Somebody else than the caller has to approve it. Repeat the same call once somebody has.',
      });
    case 'denied':
      throw new ServerError(
        'POLICY_DENIED',
        'Somebody was asked to approve this, and has denied it; nothing was done.',
      );
    case 'refused':
      call.note('approval', `plan ${redeemed.why}`);
  }
  throw new ServerError('INVALID_PLAN', 'This confirmation is not valid for this call.', {
    hint: 'A plan works once, for the same arguments, and for a few minutes. Call again without confirm for a new one.',
  });
}

/** The answer to a question about one state does not count for another: the user is asked again. */
function askFor(call: RunningCall, summary: string, state: string | undefined): void {
  const key = state === undefined ? 'confirm' : `confirm_${state.slice(0, 32)}`;
  const answer = call.elicit(key, { message: `This cannot be undone: ${summary}. Do it?`, schema: Consent });
  if (answer.action === 'accept' && answer.content.confirm) return call.note('approval', 'confirmed');
  throw new ServerError('POLICY_DENIED', 'The user did not agree; nothing was done.');
}
