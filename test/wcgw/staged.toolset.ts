import { z } from 'zod';
import { Ctx, Input, Tool, ToolCall } from '@app/mcp';
import { Cached, CallLimits, DependsOn, Fallback, Invalidates, Retry, Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Key = z.strictObject({ key: z.string().max(64) });
const Text = z.strictObject({ text: z.string() });
const Destroy = Key.extend({ confirm: z.string().max(64).optional(), dry_run: z.boolean().optional() });
const quiet = { destructive: false, idempotent: true, openWorld: false };
const reading = { input: Key, output: Text, risk: 'read', hints: quiet, title: 'R', description: 'Reads' } as const;

/** One tool for each policy; what goes wrong is injected. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'staged', scope: 'staged' })
export class StagedTools {
  /** What the changing tools were run for, in order. */
  readonly effects: string[] = [];
  /** How often each method ran. */
  readonly runs = new Map<string, number>();

  private ran(name: string, { key }: z.infer<typeof Key>): z.infer<typeof Text> {
    this.runs.set(name, (this.runs.get(name) ?? 0) + 1);
    return { text: key };
  }

  @Tool({ ...reading, name: 'read_plain', deadlineMs: 500 })
  readPlain(@Input() input: z.infer<typeof Key>, @Ctx() _call: ToolCall): z.infer<typeof Text> {
    return this.ran('read_plain', input);
  }

  @Tool({ ...reading, name: 'read_narrow', deadlineMs: 2_000 })
  @CallLimits({ concurrency: 1, queue: 1 })
  readNarrow(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_narrow', input);
  }

  @Tool({ ...reading, name: 'read_counted' })
  @CallLimits({ callsPerWindow: 3 })
  readCounted(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_counted', input);
  }

  @Tool({ ...reading, name: 'read_small' })
  @CallLimits({ outputBytes: 1_000 })
  readSmall(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_small', input);
  }

  @Tool({ ...reading, name: 'read_again' })
  @Retry({ attempts: 3, baseDelayMs: 1, maxDelayMs: 2 })
  @CallLimits({ attemptTimeoutMs: 100 })
  readAgain(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_again', input);
  }

  @Tool({ ...reading, name: 'read_upstream' })
  @DependsOn({ dependency: 'upstream', breaker: { minimumCalls: 4, consecutiveFailures: 4, openMs: 60_000 } })
  @CallLimits({ attemptTimeoutMs: 50 })
  readUpstream(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_upstream', input);
  }

  @Tool({ ...reading, name: 'read_kept' })
  @Cached({ ttlMs: 60_000, tags: ({ key }: z.infer<typeof Key>) => [key] })
  readKept(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_kept', input);
  }

  @Tool({ ...reading, name: 'read_old' })
  @Cached({ ttlMs: 1, staleIfErrorMs: 60_000 })
  readOld(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_old', input);
  }

  @Tool({ ...reading, name: 'read_lesser' })
  @Fallback(() => ({ text: 'lesser' }))
  readLesser(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    return this.ran('read_lesser', input);
  }

  @Tool({ ...reading, name: 'change_thing', risk: 'write', hints: { ...quiet, idempotent: false } })
  @Invalidates(({ key }: z.infer<typeof Key>) => [key])
  changeThing(@Input() input: z.infer<typeof Key>): z.infer<typeof Text> {
    this.effects.push(input.key);
    return this.ran('change_thing', input);
  }

  @Tool({
    ...reading,
    name: 'destroy_thing',
    input: Destroy,
    risk: 'destructive',
    hints: { ...quiet, idempotent: false, destructive: true },
  })
  destroyThing(@Input() input: z.infer<typeof Destroy>): z.infer<typeof Text> {
    this.effects.push(input.key);
    return this.ran('destroy_thing', input);
  }
}
