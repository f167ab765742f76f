import { definePolicy } from './policy.js';

/**
 * Who asks for a confirmation before something is lost for good.
 *
 * `platform` (the default of risk `destructive`): the call is answered CONFIRMATION_REQUIRED with a plan, or its user is
 * asked where the client can do that and the tool declares `asksClient`; it runs when it is repeated with `confirm` set
 * to that plan. A call with `dry_run` set needs none. `tool`: the method decides itself, by what it is about to do.
 * `none` is for nothing that cannot be undone. The operator can demand that somebody else than the caller approves any
 * tool (`approver: other`): then the platform asks, whatever is declared here.
 *
 * A tool whose output has an optional `plan_id` shows what would be lost before it is: its input has `dry_run`, and its
 * method asks `call.mayApply(hash)`, under the lock that holds still what the call is about, to know whether to show or
 * to do:
 *
 *     return this.lock.run(async () => {
 *       const rows = await this.find(input);
 *       if (!call.mayApply(hashOf(rows))) return { rows: rows.length };
 *       return { rows: await this.delete(rows) };
 *     });
 *
 * The hash becomes part of the plan, and the platform puts the plan's id into the result of the dry run. When the plan
 * is applied, `mayApply` throws CONFLICT for any other hash. A call without confirmation is run dry first, so that every
 * plan and every question is about a state. A method that makes a dry run without asking is answered INTERNAL, every
 * time: nobody gets a plan of it.
 */
export const Confirmation = definePolicy<'platform' | 'tool' | 'none'>('confirmation');
