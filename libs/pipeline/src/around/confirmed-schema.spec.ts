import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Risk } from '@app/mcp';
import type { Subject } from '../call/subject.js';
import { Confirmation } from '../policies/confirmation.policy.js';
import { Policies } from '../policies/policy.js';
import { confirmationProblemsOf, showsState } from './confirmed-schema.js';

const TEXT = z.string().optional();
const TRUTH = z.boolean().optional();

function subject(
  input: z.ZodRawShape,
  output: z.ZodRawShape,
  risk: Risk = 'destructive',
  who?: 'platform' | 'tool',
): Subject {
  class Declared {}
  if (who !== undefined) Confirmation(who)(Declared);
  return {
    kind: 'tool',
    name: 't',
    risk,
    isRepeatable: false,
    asksClient: false,
    input: z.strictObject(input),
    output: z.strictObject(output),
    policies: Policies.of(Declared, Declared),
  };
}

describe('the schemas of what is confirmed', () => {
  it.each<[string, Subject]>([
    ['a confirmation', subject({ confirm: TEXT }, {})],
    ['a confirmation and a dry run', subject({ confirm: TEXT, dry_run: TRUTH }, {})],
    ['plans', subject({ confirm: TEXT, dry_run: TRUTH }, { plan_id: TEXT })],
    [
      'plans, and a dry run unless told otherwise',
      subject({ confirm: TEXT, dry_run: z.boolean().default(true) }, { plan_id: TEXT }),
    ],
    ['plans of its own', subject({}, { plan_id: z.string() }, 'destructive', 'tool')],
    ['nothing, for nothing is lost', subject({}, {}, 'write')],
  ])('may have %s', (_what, tool) => {
    expect(confirmationProblemsOf(tool)).toEqual([]);
  });

  it.each<[string, Subject, RegExp]>([
    ['no confirmation', subject({}, {}), /needs an optional text `confirm`/],
    ['no confirmation, although it declares one', subject({}, {}, 'write', 'platform'), /`confirm`/],
    ['plans, but no dry run', subject({ confirm: TEXT }, { plan_id: TEXT }), /needs a truth `dry_run`/],
    ['plans, but a dry run that is none', subject({ confirm: TEXT, dry_run: TEXT }, { plan_id: TEXT }), /`dry_run`/],
    [
      'plans that it cannot take',
      subject({ confirm: z.string().max(9), dry_run: TRUTH }, { plan_id: TEXT }),
      /`confirm` must take one/,
    ],
    [
      'plans also when it is applied',
      subject({ confirm: TEXT, dry_run: TRUTH }, { plan_id: z.string() }),
      /must be an optional text/,
    ],
    [
      'plans of what nobody confirms',
      subject({ confirm: TEXT, dry_run: TRUTH }, { plan_id: TEXT }, 'write'),
      /nothing of it is confirmed/,
    ],
  ])('must not have %s', (_what, tool, problem) => {
    expect(confirmationProblemsOf(tool)).toEqual([expect.stringMatching(problem)]);
  });

  it('show a state where they have plans of the platform', () => {
    const output = { plan_id: TEXT };
    expect(showsState(subject({ confirm: TEXT, dry_run: TRUTH }, output))).toBe(true);
    expect(showsState(subject({ confirm: TEXT, dry_run: TRUTH }, {}))).toBe(false);
    expect(showsState(subject({}, output, 'destructive', 'tool'))).toBe(false);
  });
});
