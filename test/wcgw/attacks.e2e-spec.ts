import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { parsePolicy } from '@app/config';
import { Input, ServerError, Tool, type ToolCall } from '@app/mcp';
import { Confirmation, DynamicTools, Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { type AuditRecord, AuditSink, MemoryAuditSink } from '@app/security';
import { DeafWork, faults, FIXTURE_RISKS, TestKit, type TestKitOptions } from '@app/testing';
import { CounterStore } from '@app/storage';
import { StagedTools } from './staged.toolset.js';

const KEY = 'mcp-software-engineer/idempotency_key';
const kits: TestKit[] = [];
async function start(options: Partial<TestKitOptions> = {}): Promise<TestKit> {
  const kit = await TestKit.start({ toolsetClasses: [StagedTools], ...options });
  kits.push(kit);
  return kit;
}
afterEach(async () => {
  await Promise.all(kits.splice(0).map((kit) => kit.stop()));
});
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Takes its time to write what is about to happen. */
class SlowSink extends AuditSink {
  readonly kept = new MemoryAuditSink();
  override async record(record: AuditRecord): Promise<void> {
    if (record.phase === 'intent') await pause(150);
    this.kept.record(record);
  }
}

describe('an effect', () => {
  it('does not begin after its attempt was given up, and a key never brings it twice', async () => {
    const policy = parsePolicy('tools: { change_thing: { limits: { attempt_timeout_ms: 50 } } }');
    const kit = await start({ sink: new SlowSink(), policy });
    const call = () => kit.fail('change_thing', { key: 'a' }, { meta: { [KEY]: 'k1' } });
    expect((await call()).code).toBe('TIMEOUT');
    await kit.settled();
    await pause(200);
    expect(kit.get(StagedTools).effects).toEqual([]);
    await call();
    await kit.settled();
    await pause(200);
    expect(kit.get(StagedTools).effects.length).toBeLessThanOrEqual(1);
  });

  it('that comes late drops once more what was cached meanwhile', async () => {
    const policy = parsePolicy('tools: { change_thing: { limits: { attempt_timeout_ms: 30 } } }');
    const kit = await start({ policy });
    const work = new DeafWork();
    const mend = kit.inject('change_thing', work.fault);
    expect((await kit.fail('change_thing', { key: 'a' })).code).toBe('TIMEOUT');
    mend();
    await kit.succeed('read_kept', { key: 'a' });
    work.release();
    await kit.settled();
    await kit.succeed('read_kept', { key: 'a' });
    expect(kit.get(StagedTools).runs.get('read_kept')).toBe(2);
  });
});

/** What a schema makes of two addresses looks the same. */
const Place = z.strictObject({
  url: z.string().transform((text) => new URL(text)),
  confirm: z.string().optional(),
});
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'places', scope: 'places' })
class PlaceTools {
  readonly effects: string[] = [];
  @Tool({
    title: 'Drop',
    description: 'Drops what is there',
    input: Place,
    inputJsonSchema: { type: 'object' },
    risk: 'destructive',
    hints: { destructive: true, idempotent: false, openWorld: false },
  })
  @Confirmation('platform')
  dropPlace(@Input() { url }: z.infer<typeof Place>): void {
    this.effects.push(url.href);
  }
}

describe('a plan', () => {
  const planIn = (hint: string | undefined): string => /plan_[\w-]+/.exec(hint!)![0];

  it('is for the arguments as they were sent, whatever a schema makes of them', async () => {
    const kit = await start({ toolsetClasses: [PlaceTools] });
    const { hint } = await kit.fail('drop_place', { url: 'https://a.example/' });
    const other = { url: 'https://b.example/', confirm: planIn(hint) };
    expect((await kit.fail('drop_place', other)).code).toBe('INVALID_PLAN');
    await kit.call('drop_place', { url: 'https://a.example/', confirm: planIn(hint) });
    expect(kit.get(PlaceTools).effects).toEqual(['https://a.example/']);
  });

  it('is not used up by a call that was refused before it began', async () => {
    const policy = parsePolicy('tools: { destroy_thing: { limits: { concurrency: 1, queue: 0 } } }');
    const kit = await start({ policy });
    const confirm = planIn((await kit.fail('destroy_thing', { key: 'a' })).hint);
    const work = new DeafWork();
    const mend = kit.inject('destroy_thing', work.fault);
    const busy = kit.call('destroy_thing', { key: 'b', dry_run: true });
    while (work.hanging === 0) await pause(1);
    mend();
    expect((await kit.fail('destroy_thing', { key: 'a', confirm })).code).toBe('OVERLOADED');
    work.release();
    await busy;
    expect(await kit.succeed('destroy_thing', { key: 'a', confirm })).toEqual({ text: 'a' });
  });

  it('in shadow mode is not asked for, also of a client that could be asked', async () => {
    const kit = await start({ policy: parsePolicy('policies: { approval: shadow }') });
    const outcome = await kit.call('destroy_thing', { key: 'a' }, { askable: ['elicitation'] });
    expect(outcome.kind).toBe('success');
    expect(kit.traces('destroy_thing')[0]!.notes).toEqual(['approval: would refuse CONFIRMATION_REQUIRED']);
  });
});

describe('a breaker', () => {
  it('does not open because calls waited in a queue of ours', async () => {
    const policy = parsePolicy(
      'tools: { read_upstream: { limits: { concurrency: 1, deadline_ms: 100, attempt_timeout_ms: 90 } } }',
    );
    const kit = await start({ policy });
    kit.inject('read_upstream', faults.answerLate(60));
    await Promise.all(Array.from({ length: 12 }, (_, call) => kit.call('read_upstream', { key: String(call) })));
    await kit.settled();
    expect(await kit.metric('wcgw_breaker_state', { dependency: 'upstream' })).toBe(0);
  });

  it('does not open for statements that are wrong', async () => {
    const kit = await start({ limits: { sameFailures: 1_000 } });
    kit.inject(
      'read_upstream',
      faults.failForever(() => Object.assign(new Error('syntax error'), { code: '42601' })),
    );
    for (let call = 0; call < 10; call++) await kit.fail('read_upstream', { key: 'a' });
    expect(await kit.metric('wcgw_breaker_state', { dependency: 'upstream' })).toBe(0);
  });
});

describe('a tool registered again under its name', () => {
  it('has nothing of the one before: no plan of it is good', async () => {
    const kit = await start();
    const tools = kit.get(DynamicTools);
    const add = (text: string): void =>
      tools.add({
        name: 'planted',
        scope: 'x',
        title: 'P',
        description: 'P',
        input: z.strictObject({ confirm: z.string().optional() }),
        risk: 'destructive',
        hints: { destructive: true, idempotent: false, openWorld: false },
        declares: [WhatCouldGoWrong(FIXTURE_RISKS)],
        run: (_input: never, _call: ToolCall) => ({ text }),
      });
    add('old');
    const { hint } = await kit.fail('planted');
    tools.remove('planted');
    add('new');
    expect((await kit.fail('planted', { confirm: /plan_[\w-]+/.exec(hint!)![0] })).code).toBe('INVALID_PLAN');
  });
});

describe('a store of counters that is lost', () => {
  it('leaves a stricter limit of each server, and recorded so', async () => {
    const lost = { take: () => Promise.reject(new ServerError('POLICY_UNAVAILABLE', 'The store is lost.')) };
    const kit = await start({ throttle: { maxRequests: 8 }, bindings: [{ provide: CounterStore, useValue: lost }] });
    const ends = [];
    for (let call = 0; call < 4; call++) ends.push((await kit.call('read_plain', { key: String(call) })).kind);
    expect(ends).toEqual(['success', 'success', 'failure', 'failure']);
    expect(kit.traces('read_plain').at(-1)!.notes).toEqual(['throttle: counted locally']);
  });
});

describe('limits that cannot be', () => {
  it('stop the boot', async () => {
    const tools = (await start()).get(DynamicTools);
    const { CallLimits } = await import('@app/pipeline');
    const bad = {
      name: 'planted',
      scope: 'x',
      title: 'P',
      description: 'P',
      risk: 'read' as const,
      hints: { destructive: false, idempotent: true, openWorld: false },
      declares: [CallLimits({ concurrency: 0 })],
      run: () => ({}),
    };
    expect(() => tools.add(bad)).toThrow(/planted: declares @CallLimits with concurrency 0/);
  });
});
