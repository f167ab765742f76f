import type { z } from 'zod';
import { newPlanId } from '@app/security';
import type { Subject } from '../call/subject.js';
import { Confirmation } from '../policies/confirmation.policy.js';

/** Who asks for a confirmation of what an author has declared. */
export const whoConfirms = ({ policies, risk }: Subject): 'platform' | 'tool' | 'none' =>
  policies.get(Confirmation) ?? (risk === 'destructive' ? 'platform' : 'none');

/** Whether a call can carry a confirmation. */
export const takesConfirm = ({ input }: Subject): boolean => input?.shape['confirm'] !== undefined;

/** Whether a dry run gives a plan, and the plan is about a state. */
export const showsState = (subject: Subject): boolean =>
  whoConfirms(subject) === 'platform' && subject.output?.shape['plan_id'] !== undefined;

/** What is wrong with the schemas of something that is to be confirmed. */
export function confirmationProblemsOf(subject: Subject): readonly string[] {
  if (subject.kind !== 'tool') return [];
  const who = whoConfirms(subject);
  const input = subject.input?.shape ?? {};
  const planId = subject.output?.shape['plan_id'];
  if (who === 'platform' && !takesConfirm(subject))
    return ['asks for a confirmation, so its input needs an optional text `confirm`'];
  if (planId === undefined || who === 'tool') return [];
  if (who === 'none') return ['has `plan_id` in its output, but nothing of it is confirmed'];
  return [
    ...(takes(input['confirm'], newPlanId()) ? [] : ['gives plans, so its `confirm` must take one']),
    ...(takes(input['dry_run'], true) ? [] : ['gives plans, so its input needs a truth `dry_run`']),
    ...(takes(planId, newPlanId()) && takes(planId, undefined)
      ? []
      : ['gives plans in dry runs only, so `plan_id` in its output must be an optional text']),
  ];
}

const takes = (schema: unknown, value: unknown): boolean =>
  schema !== undefined && (schema as z.ZodType).safeParse(value).success;
