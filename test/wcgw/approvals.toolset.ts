import { hash } from 'node:crypto';
import { z } from 'zod';
import { Ctx, Input, text, RichResult, Tool, ToolCall } from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Key = z.strictObject({ key: z.string().max(5_000) });
const Confirmed = Key.extend({ confirm: z.string().max(64).optional(), dry_run: z.boolean().optional() });
type Confirmed = z.infer<typeof Confirmed>;
const Erased = z.strictObject({ text: z.string(), plan_id: z.string().optional() });
type Erased = z.infer<typeof Erased>;
const hints = { destructive: true, idempotent: false, openWorld: false };
const erasing = {
  title: 'E',
  description: 'Erases',
  input: Confirmed,
  output: Erased,
  risk: 'destructive',
  hints,
} as const;

/** Tools that lose things for good, and count what was lost. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'approvals', scope: 'approvals' })
export class ApprovalTools {
  /** What there is. */
  readonly things = new Map([
    ['a', 'first'],
    ['b', 'second'],
  ]);
  /** What was lost, in order. */
  readonly effects: string[] = [];
  /** Dry runs that were made. */
  looks = 0;
  private lock: Promise<unknown> = Promise.resolve();

  @Tool({ ...erasing, name: 'erase_thing' })
  eraseThing(@Input() input: Confirmed, @Ctx() call: ToolCall): Promise<Erased> {
    return this.locked(() => this.erase(input, call));
  }

  @Tool({ ...erasing, name: 'erase_asked', asksClient: true })
  eraseAsked(@Input() input: Confirmed, @Ctx() call: ToolCall): Promise<Erased> {
    return this.locked(() => this.erase(input, call));
  }

  @Tool({ ...erasing, name: 'erase_told' })
  async eraseTold(@Input() input: Confirmed, @Ctx() call: ToolCall): Promise<RichResult> {
    const erased = await this.locked(() => this.erase(input, call));
    return new RichResult([text(erased.text)], erased);
  }

  /** Without a state: there is nothing to see before. */
  @Tool({ ...erasing, name: 'burn_thing', output: Key, asksClient: true })
  burnThing(@Input() { key, dry_run: isDryRun }: Confirmed): z.infer<typeof Key> {
    if (isDryRun !== true) this.effects.push(`burnt ${key}`);
    return { key };
  }

  /** Of an author who has forgotten to ask. */
  @Tool({ ...erasing, name: 'erase_unasked' })
  eraseUnasked(@Input() { key, dry_run: isDryRun }: Confirmed): Erased {
    if (isDryRun !== true) this.effects.push(`erased ${key} unasked`);
    return { text: key };
  }

  /** Of an author who asks only where it does not matter. */
  @Tool({ ...erasing, name: 'erase_careless' })
  eraseCareless(@Input() { key, dry_run: isDryRun }: Confirmed, @Ctx() call: ToolCall): Erased {
    if (isDryRun === true) call.mayApply('whatever');
    else this.effects.push(`erased ${key} carelessly`);
    return { text: key };
  }

  /** Of an author who asks about a state, but whose output says nothing of plans. */
  @Tool({ ...erasing, name: 'erase_undeclared', output: Key })
  eraseUndeclared(@Input() { key }: Confirmed, @Ctx() call: ToolCall): z.infer<typeof Key> {
    if (call.mayApply('whatever')) this.effects.push(`erased ${key} undeclared`);
    return { key };
  }

  /** Can be undone, and takes no confirmation. */
  @Tool({ ...erasing, name: 'note_thing', input: Key, output: Key, risk: 'write' })
  noteThing(@Input() { key }: z.infer<typeof Key>): z.infer<typeof Key> {
    this.effects.push(`noted ${key}`);
    return { key };
  }

  private async erase({ key }: Confirmed, call: ToolCall): Promise<Erased> {
    const found = this.things.get(key) ?? '';
    if (!call.mayApply(hash('sha256', found))) {
      this.looks++;
      return { text: `would erase ${found}` };
    }
    // Whoever holds no lock would come in between.
    await new Promise((next) => setImmediate(next));
    this.things.delete(key);
    this.effects.push(`erased ${key}`);
    return { text: `erased ${found}` };
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.lock.then(work);
    this.lock = turn.catch(() => undefined);
    return turn;
  }
}
