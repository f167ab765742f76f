import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { HandOff, InputRequired, principalKey, ServerError } from '@app/mcp';
import { ApprovalStore, type Plan } from '@app/security';
import { digestOf } from '../call/digest.js';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { Confirmation } from '../policies/confirmation.policy.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AroundStage, type Next, type Step } from './around-stage.js';

const Consent = z.object({ confirm: z.boolean().describe('Do it') });

const whoConfirms = ({ policies, risk }: Subject): 'platform' | 'tool' | 'none' =>
  policies.get(Confirmation) ?? (risk === 'destructive' ? 'platform' : 'none');

/** Stage `approval`: what is lost for good is lost only after it was confirmed, exactly as it was shown. */
@Injectable()
export class ApprovalStage extends AroundStage {
  override readonly stage = 'approval';
  override readonly executes = [Confirmation];

  constructor(
    private readonly plans: ApprovalStore,
    private readonly policy: LivePolicy,
  ) {
    super();
  }

  override problemsOf(subject: Subject): readonly string[] {
    const who = whoConfirms(subject);
    if (who === 'none' && subject.risk === 'destructive')
      return ['is of risk destructive, and that cannot do without a confirmation'];
    if (who === 'platform' && subject.kind === 'tool' && subject.input?.shape['confirm'] === undefined)
      return ['asks for a confirmation, so its input needs an optional text `confirm`'];
    return [];
  }

  override stepFor(subject: Subject): Step | undefined {
    if (whoConfirms(subject) !== 'platform') return undefined;
    return async (call, next) => {
      call.enter('approval');
      const { confirm, dry_run: isDryRun } = call.input as Record<string, unknown>;
      if (isDryRun === true) return next();
      const plan: Plan = {
        caller: principalKey(call.principal),
        operation: subject.name,
        digest: digestOf(whatIsDone(call)),
      };
      if (this.policy.isShadowed(subject, 'approval')) {
        if (typeof confirm !== 'string') call.note('approval', 'would refuse CONFIRMATION_REQUIRED');
        return next();
      }
      if (typeof confirm === 'string') return this.confirmed(call, confirm, plan, next);
      if (subject.asksClient && call.canAsk('elicitation')) askFor(call);
      else await this.propose(plan);
      return next();
    };
  }

  private async confirmed(call: RunningCall, id: string, plan: Plan, next: Next): Promise<unknown> {
    if (!(await this.plans.redeem(id, plan)))
      throw new ServerError('INVALID_PLAN', 'This confirmation is not valid for this call.', {
        hint: 'A plan works once, for the same arguments, and for a few minutes. Call again without confirm for a new one.',
      });
    call.note('approval', 'confirmed');
    try {
      return await next();
    } catch (thrown) {
      const isUnused = call.methodRuns === 0 && call.outliving.length === 0;
      // Refused before it began, or asked a question: the same confirmation counts when it comes again.
      if (isUnused || thrown instanceof InputRequired || thrown instanceof HandOff) await this.plans.giveBack(id, plan);
      throw thrown;
    }
  }

  private async propose(plan: Plan): Promise<void> {
    const id = await this.plans.propose(plan);
    throw new ServerError('CONFIRMATION_REQUIRED', 'What this does cannot be undone; nothing was done yet.', {
      hint: `To do it, repeat the same call with confirm set to ${id}.`,
    });
  }
}

/** The arguments as they were sent, without the confirmation of them. */
function whatIsDone({ rawInput, subject }: RunningCall): unknown {
  const { confirm: _confirm, dry_run: _dryRun, ...rest } = (rawInput ?? {}) as Record<string, unknown>;
  return [subject.generation, rest];
}

function askFor(call: RunningCall): void {
  const answer = call.elicit('confirm', { message: `${call.subject.name} cannot be undone. Do it?`, schema: Consent });
  if (answer.action === 'accept' && answer.content.confirm) return call.note('approval', 'confirmed');
  throw new ServerError('POLICY_DENIED', 'The user did not agree; nothing was done.');
}
