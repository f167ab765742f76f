import { RichResult, text } from '@app/mcp';
import type { KnownSecrets, PlannedCall } from '@app/security';
import { digestOf } from '../call/digest.js';
import type { RunningCall } from '../call/running-call.js';

/** Of a summary; an approver is told how much more there is. */
const MAX_CHARS = 2_000;
/** More is not looked through for secrets. */
const MAX_REDACTED_CHARS = 4 * MAX_CHARS;
/** What could look like something else than it is on a terminal or in a page. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What is approved of a call: all it was sent with, except for the approval itself. */
export function plannedCallOf(call: RunningCall): PlannedCall {
  const { tenant, subject, actors } = call.principal;
  return {
    caller: { tenant, subject, actors },
    operation: call.subject.name,
    // A tool that takes the place of another under its name is another.
    digest: digestOf([call.subject.generation, argumentsOf(call)]),
  };
}

/** The call in one line, without the server's secrets, cut where it is long. */
export function summaryOf(call: RunningCall, secrets: KnownSecrets): string {
  const json = JSON.stringify(argumentsOf(call));
  const head = json.slice(0, MAX_REDACTED_CHARS);
  const clean = secrets.redactText(head);
  const left = json.length - head.length + Math.max(0, clean.length - MAX_CHARS);
  const seen = clean.slice(0, MAX_CHARS).replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
  return `${call.subject.name} ${seen}${left > 0 ? ` … and ${left} characters more` : ''}`;
}

/** The result of a dry run, with the plan in it. */
export function withPlan(result: unknown, planId: string): unknown {
  if (!(result instanceof RichResult)) return { ...(result as object), plan_id: planId };
  // A client that reads only text reads no structure.
  const isRead = result.content.some(({ type }) => type === 'text');
  const content = isRead ? [...result.content, text(`plan_id: ${planId}`)] : result.content;
  return new RichResult(content, { ...result.structured, plan_id: planId });
}

/** As they were sent: what a schema makes of them need not tell them apart. */
function argumentsOf({ rawInput }: RunningCall): object {
  const { confirm: _confirm, dry_run: _dryRun, ...rest } = (rawInput ?? {}) as Record<string, unknown>;
  return rest;
}
