import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { Ctx, Input, ServerError, Tool, ToolCall } from '@app/mcp';
import { Confirmation, type Risks, Toolset, waived, WhatCouldGoWrong } from '@app/pipeline';

const EchoInput = z.strictObject({ text: z.string().describe('What to send back') });
const EchoOutput = z.strictObject({ text: z.string() });
const SlowInput = z.strictObject({
  ms: z.int().min(0).max(600_000).describe('Milliseconds to work'),
  deaf: z.boolean().optional().describe('Ignore the abort signal'),
});
const KeyInput = z.strictObject({ key: z.string().max(64).describe('What to change') });
const Effects = z.strictObject({ effects: z.array(z.string()) });
const Done = z.strictObject({ done: z.string() });

const memory = waived('A fixture: nothing outside of the test can be harmed by it.');
/** For tools of tests. */
export const FIXTURE_RISKS: Risks = {
  escape: memory,
  'dependency down': memory,
  'partial write': memory,
  'lost update': memory,
  orphan: memory,
  'resource exhaustion': memory,
  exfiltration: memory,
  'irreversible loss': memory,
};

const quiet = { destructive: false, idempotent: true, openWorld: false };

/** One small tool of every risk and every way to fail, for tests of the pipeline and of what is around it. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'fixtures', scope: 'fixtures', core: true })
export class FixtureTools {
  /** Keys the changing tools were run for, in order. */
  readonly effects: string[] = [];

  @Tool({
    title: 'Echo',
    description: 'Sends its text back',
    input: EchoInput,
    output: EchoOutput,
    risk: 'read',
    hints: quiet,
  })
  echo(@Input() { text }: z.infer<typeof EchoInput>): z.infer<typeof EchoOutput> {
    return { text };
  }

  @Tool({
    title: 'Slow',
    description: 'Works for a while',
    input: SlowInput,
    output: Done,
    risk: 'read',
    hints: quiet,
    deadlineMs: 2_000,
  })
  async slow(@Input() { ms, deaf }: z.infer<typeof SlowInput>, @Ctx() call: ToolCall): Promise<z.infer<typeof Done>> {
    await setTimeout(ms, undefined, deaf ? {} : { signal: call.signal });
    this.effects.push(`slow:${ms}`);
    return { done: String(ms) };
  }

  @Tool({
    title: 'Change',
    description: 'Records a change',
    input: KeyInput,
    output: Done,
    risk: 'write',
    hints: { ...quiet, idempotent: false, destructive: true },
  })
  change(@Input() { key }: z.infer<typeof KeyInput>): z.infer<typeof Done> {
    this.effects.push(`change:${key}`);
    return { done: key };
  }

  @Tool({
    title: 'Change slowly',
    description: 'Records a change, then works on without listening to its signal',
    input: KeyInput,
    output: Done,
    risk: 'write',
    hints: { ...quiet, idempotent: false, destructive: true },
  })
  async changeSlowly(@Input() { key }: z.infer<typeof KeyInput>): Promise<z.infer<typeof Done>> {
    this.effects.push(`change:${key}`);
    await setTimeout(50);
    return { done: key };
  }

  @Tool({
    title: 'Execute',
    description: 'Records an execution',
    input: KeyInput,
    output: Done,
    risk: 'execute',
    hints: { ...quiet, idempotent: false, openWorld: true },
  })
  execute(@Input() { key }: z.infer<typeof KeyInput>): z.infer<typeof Done> {
    this.effects.push(`execute:${key}`);
    return { done: key };
  }

  @Tool({
    title: 'Destroy',
    description: 'Records a destruction',
    input: KeyInput,
    output: Done,
    risk: 'destructive',
    hints: { ...quiet, idempotent: false, destructive: true },
  })
  @Confirmation('tool')
  destroy(@Input() { key }: z.infer<typeof KeyInput>): z.infer<typeof Done> {
    this.effects.push(`destroy:${key}`);
    return { done: key };
  }

  @Tool({
    title: 'List effects',
    description: 'Tells what the changing tools did',
    output: Effects,
    risk: 'read',
    hints: quiet,
  })
  listEffects(): z.infer<typeof Effects> {
    return { effects: [...this.effects] };
  }

  @Tool({ title: 'Refuse', description: 'Fails in an expected way', risk: 'read', hints: quiet })
  refuse(): never {
    throw new ServerError('CONFLICT', 'It changed meanwhile.', { hint: 'Read it again.' });
  }

  @Tool({ title: 'Break', description: 'Fails in an unexpected way', risk: 'read', hints: quiet })
  breakDown(): never {
    throw new TypeError('secret detail of /srv/private');
  }

  @Tool({
    title: 'Lie',
    description: 'Returns what its schema does not allow',
    output: EchoOutput,
    risk: 'read',
    hints: quiet,
  })
  lie(): unknown {
    return { text: 7 };
  }

  @Tool({ title: 'Count', description: 'Reports progress in three steps', output: Done, risk: 'read', hints: quiet })
  async count(@Ctx() call: ToolCall): Promise<z.infer<typeof Done>> {
    for (const step of [1, 2, 3]) {
      call.client.progress(step, 3, `step ${step}`);
      await new Promise((next) => setImmediate(next));
    }
    return { done: '3' };
  }

  @Tool({
    title: 'Shout',
    description: 'Prints where nothing may be printed',
    output: Done,
    risk: 'read',
    hints: quiet,
  })
  shout(): z.infer<typeof Done> {
    // oxlint-disable-next-line no-console
    console.log('a line from a library');
    process.stdout.write('and one from a tool\n');
    return { done: 'shouted' };
  }

  @Tool({
    title: 'Ask',
    description: 'Asks the user for a name, then greets',
    output: Done,
    risk: 'read',
    hints: quiet,
    asksClient: true,
  })
  ask(@Ctx() call: ToolCall): z.infer<typeof Done> {
    const answer = call.elicit('name', { message: 'What is your name?', schema: z.object({ name: z.string() }) });
    return { done: answer.action === 'accept' ? `Hello, ${answer.content.name}` : answer.action };
  }
}
