import { Injectable, Module, Scope, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { parsePolicy } from '@app/config';
import { type Principal, ServerError } from '@app/mcp';
import {
  CallLimits,
  Dispatcher,
  DynamicTools,
  OperationRegistry,
  Retry,
  STAGES,
  stagesOf,
  WhatCouldGoWrong,
} from '@app/pipeline';
import { CircuitBreakers, Clock, Random } from '@app/recovery';
import { CounterStore, MemoryCounterStore } from '@app/storage';
import { ALICE, BOB, DeafWork, faults, FIXTURE_RISKS, injected, TestKit } from '@app/testing';
import { TaskRunner } from '../../libs/transport/src/tasks/task-runner.js';
import {
  AuthorTools,
  BareTools,
  Failed,
  FailedFilter,
  RefusingGuard,
  seen,
  SeeingGuard,
  SeeingInterceptor,
  SeeingPipe,
  WrappingInterceptor,
} from './author.toolset.js';
import { CallerTools } from './callers.toolset.js';
import { StagedTools } from './staged.toolset.js';

type Options = Parameters<typeof TestKit.start>[0];
const running: TestKit[] = [];
async function kitOf(...toolsetClasses: Type[]): Promise<TestKit> {
  return kitWith({ toolsetClasses });
}
async function kitWith(options: Options): Promise<TestKit> {
  const kit = await TestKit.start(options);
  running.push(kit);
  return kit;
}
beforeEach(() => void (seen.length = 0));
afterEach(async () => {
  for (const kit of running.splice(0)) await kit.stop();
});
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((next) => setTimeout(next, 5));
}

const NOTHING = { calls: 0, overdue: 0, places: 0, waiting: 0 };
const unreachable = (): ServerError => new ServerError('CONNECTION_FAILED', 'The upstream does not answer.');
const request = (principal: Principal) => ({
  principal,
  client: { progress: () => undefined, log: () => undefined },
});
const stagesIn = (kit: TestKit, tool: string): string[] =>
  kit
    .traces(tool)[0]!
    .stages()
    .map(({ stage }) => stage);

/** A module of an author that provides something for the whole application. */
function globally(token: string, useClass: Type): Type {
  @Module({ providers: [{ provide: token, useClass }] })
  class AuthorModule {}
  return AuthorModule;
}
/** Adds a tool while the server runs. */
function plant(kit: TestKit, ...declares: MethodDecorator[]): void {
  kit.get(DynamicTools).add({
    name: 'planted',
    scope: 'planted',
    title: 'P',
    description: 'Was added by code',
    input: z.strictObject({ key: z.string().max(64) }),
    output: z.strictObject({ text: z.string() }),
    risk: 'read',
    hints: { destructive: false, idempotent: true, openWorld: false },
    declares: [WhatCouldGoWrong(FIXTURE_RISKS), ...declares],
    run: ({ key }: { key: string }) => {
      if (key === 'failed') throw new Failed();
      return { text: key };
    },
  });
}

describe('defect 1: what an author registers for the whole application does not run on tools', () => {
  const served = async (token: string, useClass: Type): Promise<TestKit> => {
    const kit = await kitWith({ toolsetClasses: [BareTools], imports: [globally(token, useClass)] });
    plant(kit);
    return kit;
  };

  describe.each(['read_bare', 'planted'])('%s', (tool) => {
    it('passes APP_GUARD', async () => {
      const kit = await served(APP_GUARD, SeeingGuard);
      await kit.succeed(tool, { key: 'a' });
      expect(seen).toEqual([`guard ${tool}`]);
    });

    it('is refused by APP_GUARD', async () => {
      const kit = await served(APP_GUARD, RefusingGuard);
      expect((await kit.fail(tool, { key: 'a' })).code).toBe('FORBIDDEN');
      expect(kit.audit().at(-1)).toMatchObject({ operation: tool, decision: 'FORBIDDEN' });
    });

    it('passes APP_INTERCEPTOR', async () => {
      const kit = await served(APP_INTERCEPTOR, SeeingInterceptor);
      await kit.succeed(tool, { key: 'a' });
      expect(seen).toEqual([`interceptor ${tool}`]);
    });

    it('passes APP_PIPE', async () => {
      const kit = await served(APP_PIPE, SeeingPipe);
      await kit.succeed(tool, { key: 'a' });
      expect(seen).toEqual(['pipe']);
    });

    it('passes APP_FILTER', async () => {
      const kit = await served(APP_FILTER, FailedFilter);
      expect(await kit.fail(tool, { key: 'failed' })).toMatchObject({ code: 'CONFLICT', message: 'Seen by Failed.' });
      expect(seen).toEqual(['Failed filter']);
    });
  });

  it.each([
    [APP_GUARD, SeeingGuard],
    [APP_INTERCEPTOR, SeeingInterceptor],
    [APP_PIPE, SeeingPipe],
    [APP_FILTER, FailedFilter],
  ])('%s that is made per request, which Nest would leave out, refuses the boot', async (token, useClass) => {
    Injectable({ scope: Scope.REQUEST })(useClass);
    try {
      const start = kitWith({ toolsetClasses: [BareTools], imports: [globally(token, useClass)] });
      await expect(start).rejects.toThrow(/is global and made per request, so it would not run on tools/);
    } finally {
      Injectable({ scope: Scope.DEFAULT })(useClass);
    }
  });
});

describe('defect 2: invalid arguments reach no audit and no rate limit', () => {
  it('they are recorded and counted, and the call after them is refused', async () => {
    const kit = await kitOf(StagedTools);
    const codes = [];
    for (const key of [1, 2, 3, 4]) codes.push((await kit.fail('read_counted', { key })).code);
    expect(codes).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'RATE_LIMITED']);
    expect(kit.audit().map(({ decision }) => decision)).toEqual(codes);
  });
});

describe('defect 3: tools added at run time, and lists, pass by everything', () => {
  it('a tool that was added passes the same stages as one that was there', async () => {
    const kit = await kitOf(StagedTools);
    plant(kit, Retry({ attempts: 2, baseDelayMs: 1 }), CallLimits({ attemptTimeoutMs: 60_000, callsPerWindow: 1 }));
    await kit.succeed('planted', { key: 'a' });
    await kit.succeed('read_again', { key: 'a' });
    expect(stagesIn(kit, 'planted')).toEqual(stagesIn(kit, 'read_again'));
    expect(stagesIn(kit, 'planted')).toEqual(expect.arrayContaining([...stagesOf('gate'), 'retry', 'attempt timeout']));
    expect((await kit.fail('planted', { key: 'a' })).code).toBe('RATE_LIMITED');
  });

  it('a list passes every gate', async () => {
    const kit = await kitWith({ toolsetClasses: [StagedTools], throttle: { maxRequests: 1 } });
    const list = () => kit.get(Dispatcher).record('list', 'tools/list', undefined, request(ALICE));
    expect([(await list()).kind, (await list()).kind]).toEqual(['success', 'failure']);
    expect(kit.audit().map(({ decision }) => decision)).toEqual(['success', 'RATE_LIMITED']);
    expect(
      kit
        .traces('tools/list')[1]!
        .stages()
        .map(({ stage }) => stage),
    ).toEqual(expect.arrayContaining([...stagesOf('gate')]));
  });
});

describe('defect 4: a timeout leaves the method running without telling it', () => {
  it(injected('hang', 'deadline', 'the method is told, and the caller learns what happened'), async () => {
    const policy = parsePolicy('tools: { read_plain: { limits: { deadline_ms: 20 } } }');
    const kit = await kitWith({ toolsetClasses: [StagedTools], policy });
    const reasons: unknown[] = [];
    kit.inject('read_plain', (call, method) => {
      call.signal.addEventListener('abort', () => reasons.push(call.signal.reason));
      return faults.hang()(call, method);
    });
    const failure = await kit.fail('read_plain', { key: 'a' });
    expect(failure).toMatchObject({ code: 'TIMEOUT', message: 'The call did not end within 20 ms.' });
    expect(reasons).toEqual([expect.objectContaining({ code: 'TIMEOUT' })]);
    await kit.settled();
    expect(await kit.held()).toMatchObject(NOTHING);
  });
});

describe('defect 5: a retry that runs once, because a wrapper has made every error final', () => {
  it.each<[string, () => unknown]>([
    ['an error of ours', unreachable],
    ['an error of the network', () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    [
      'the same, as the cause of another',
      () => new TypeError('fetch', { cause: Object.assign(new Error(), { code: 'EPIPE' }) }),
    ],
  ])('three attempts are three, for %s', async (_what, error) => {
    const kit = await kitOf(AuthorTools, StagedTools);
    for (const tool of ['read_again', 'read_enhanced']) {
      let attempts = 0;
      kit.inject(tool, async () => {
        attempts++;
        throw error();
      });
      expect((await kit.fail(tool, { key: 'a' })).code).toBe('CONNECTION_FAILED');
      expect([tool, attempts]).toEqual([tool, 3]);
    }
  });
});

describe('defect 6: timeouts leave the breaker closed, and are counted as successes later', () => {
  it(
    injected('dependency down', 'breaker', 'six timeouts open it, and what their work comes to does not close it'),
    async () => {
      const kit = await kitOf(StagedTools);
      const work = new DeafWork();
      const mend = kit.inject('read_upstream', work.fault);
      const codes = await Promise.all(
        Array.from({ length: 6 }, async (_, call) => (await kit.fail('read_upstream', { key: String(call) })).code),
      );
      expect(new Set(codes)).toEqual(new Set(['TIMEOUT']));
      const breaker = kit.get(CircuitBreakers).find('upstream')!;
      expect(breaker.state).toBe('open');
      mend();
      expect(work.hanging).toBe(6);
      work.release();
      await kit.settled();
      expect(breaker.state).toBe('open');
      expect((await kit.fail('read_upstream', { key: 'a' })).code).toBe('CIRCUIT_OPEN');
    },
  );

  it('the settings a tool gives its breaker are used', async () => {
    const kit = await kitOf(StagedTools);
    kit.inject('read_upstream', faults.failForever(unreachable));
    for (let call = 0; call < 3; call++) await kit.fail('read_upstream', { key: String(call) });
    expect(kit.get(CircuitBreakers).find('upstream')!.state).toBe('closed');
    await kit.fail('read_upstream', { key: '3' });
    expect(kit.get(CircuitBreakers).find('upstream')!.state).toBe('open');
  });
});

describe('defect 7: a test kit that goes past every policy', () => {
  it('every gate that refuses a caller refuses one of the kit', async () => {
    const policy = parsePolicy('tools: { read_small: { enabled: false } }');
    const kit = await kitWith({ toolsetClasses: [StagedTools], policy, limits: { sameFailures: 1 } });
    const scoped = { principal: { ...ALICE, scopes: ['other:read'] } };
    for (let call = 0; call < 3; call++) await kit.succeed('read_counted', { key: 'a' });
    kit.inject(
      'read_plain',
      faults.failForever(() => new ServerError('NOT_FOUND', 'None.')),
    );
    await kit.fail('read_plain', { key: 'a' });
    const codes = {
      principal: (await kit.fail('read_plain', { key: 'b' }, { principal: { ...ALICE, subject: '' } })).code,
      throttle: (await kit.fail('read_counted', { key: 'a' })).code,
      'kill switch': (await kit.fail('read_small', { key: 'a' })).code,
      authorize: (await kit.fail('read_plain', { key: 'b' }, scoped)).code,
      'stuck loop': (await kit.fail('read_plain', { key: 'a' })).code,
      'validate input': (await kit.fail('read_plain', { kee: 'b' })).code,
    };
    expect(Object.keys(codes)).toEqual(stagesOf('gate'));
    expect(Object.values(codes)).toEqual([
      'UNAUTHENTICATED',
      'RATE_LIMITED',
      'POLICY_DENIED',
      'FORBIDDEN',
      'STUCK_LOOP',
      'INVALID_ARGUMENT',
    ]);
  });
});

describe('defect 8: a slot is freed while timed-out work goes on', () => {
  it(injected('overload', 'bulkhead', 'never more work than places, however many callers gave up'), async () => {
    const policy = parsePolicy('tools: { read_plain: { limits: { deadline_ms: 250, concurrency: 2, queue: 0 } } }');
    const kit = await kitWith({ toolsetClasses: [StagedTools], policy });
    const work = new DeafWork();
    kit.inject('read_plain', work.fault);
    const codes: string[] = [];
    for (let call = 0; call < 10; call++) codes.push((await kit.fail('read_plain', { key: String(call) })).code);
    expect(codes).toEqual(['TIMEOUT', 'TIMEOUT', ...Array.from({ length: 8 }, () => 'OVERLOADED')]);
    expect(work.hanging).toBe(2);
    expect(await kit.held()).toMatchObject({ calls: 2, overdue: 2, places: 2 });
    work.release();
    await kit.settled();
    expect(await kit.held()).toMatchObject(NOTHING);
  });

  it(injected('overload', 'bulkhead', 'the same for attempts that were given up'), async () => {
    const policy = parsePolicy('tools: { read_again: { limits: { concurrency: 2, queue: 0 } } }');
    const kit = await kitWith({ toolsetClasses: [StagedTools], policy });
    const work = new DeafWork();
    kit.inject('read_again', work.fault);
    expect((await kit.fail('read_again', { key: 'a' })).code).toBe('OVERLOADED');
    expect(work.hanging).toBe(2);
    expect(await kit.held()).toMatchObject({ calls: 1, overdue: 2, places: 2 });
    work.release();
    await kit.settled();
    expect(await kit.held()).toMatchObject(NOTHING);
  });
});

describe("defect 9: a second attempt skips the author's interceptors, and his first filter always wins", () => {
  it('every attempt passes interceptors of class and method, and pipes', async () => {
    const kit = await kitOf(AuthorTools);
    let attempts = 0;
    kit.inject('read_enhanced', async (_call, method) => {
      const result = await method();
      if (++attempts < 3) throw unreachable();
      return result;
    });
    await kit.succeed('read_enhanced', { key: 'a' });
    const counted = (what: string): number => seen.filter((each) => each.startsWith(what)).length;
    expect([counted('guard'), counted('interceptor'), counted('pipe')]).toEqual([1, 6, 3]);
  });

  it.each([
    ['range', 'Seen by RangeError.'],
    ['worse', 'Seen by FailedWorse.'],
    ['failed', 'Seen by Failed.'],
  ])(
    'of the filters of a method and of the application, the one that fits an error takes it: %s',
    async (key, text) => {
      const kit = await kitWith({ toolsetClasses: [AuthorTools], imports: [globally(APP_FILTER, FailedFilter)] });
      expect(await kit.fail('read_filtered', { key })).toMatchObject({ code: 'CONFLICT', message: text });
      expect(seen.filter((each) => each.endsWith('filter'))).toHaveLength(1);
    },
  );
});

describe('defect 10: retries without asking whether that is safe, without jitter; timeouts that do not hold for tasks', () => {
  it('what is not idempotent is not tried again', async () => {
    const kit = await kitOf(CallerTools);
    let attempts = 0;
    kit.inject('append_thing', async () => {
      attempts++;
      throw unreachable();
    });
    await kit.fail('append_thing', { key: 'a' });
    expect(attempts).toBe(1);
  });

  it('the waits are a random part of a bound that doubles', async () => {
    const kit = await kitOf(CallerTools);
    const chances = [0.25, 0.75];
    jest.spyOn(kit.get(Random as never) as Random, 'next').mockImplementation(() => chances.shift()!);
    const waits: number[] = [];
    const clock = kit.get(Clock as never) as Clock;
    const { after } = clock;
    jest.spyOn(clock, 'after').mockImplementation((ms, then) => {
      waits.push(ms);
      return after.call(clock, ms, then);
    });
    kit.inject('set_thing', faults.failForever(unreachable));
    await kit.fail('set_thing', { key: 'a' });
    // Up to 1 ms before the second attempt, up to 2 ms before the third.
    expect(waits).toEqual([0.25, 1.5]);
  });

  it('two processes do not draw the same chances', async () => {
    const [one, other] = [await kitOf(CallerTools), await kitOf(CallerTools)];
    const draw = (kit: TestKit): number[] =>
      Array.from({ length: 8 }, () => (kit.get(Random as never) as Random).next());
    expect(draw(one)).not.toEqual(draw(other));
  });

  it(injected('hang', 'deadline', 'a task has one too'), async () => {
    const kit = await kitWith({ toolsetClasses: [StagedTools], limits: { taskDeadlineMs: 20 } });
    const reasons: unknown[] = [];
    kit.inject('change_thing', (call, method) => {
      call.signal.addEventListener('abort', () => reasons.push(call.signal.reason));
      return faults.hang()(call, method);
    });
    const tasks = kit.get(TaskRunner);
    const call = { principal: ALICE, name: 'change_thing', input: { key: 'a' }, meta: {}, askable: [] };
    const { id } = await tasks.start(call);
    await until(async () => (await tasks.find(id, ALICE))!.state.status !== 'working');
    expect(reasons).toEqual([expect.objectContaining({ code: 'TIMEOUT' })]);
    await kit.settled();
    expect(await kit.held()).toMatchObject(NOTHING);
  });
});

describe('defect 11: answers and lists kept without who asked', () => {
  const OTHERS: Principal[] = [
    BOB,
    { ...ALICE, tenant: 'globex' },
    { ...ALICE, subject: 'bob' },
    { ...ALICE, scopes: ['callers:*'] },
  ];

  it.each(OTHERS)('$tenant $subject $scopes reads, lists and completes what is his', async (principal) => {
    const kit = await kitOf(CallerTools);
    const registry = kit.get(OperationRegistry);
    const dispatcher = kit.get(Dispatcher);
    const resource = registry.resources().find(({ name }) => name.startsWith('callers:'))!;
    const ask = async (who: Principal) => [
      (await kit.succeed<{ text: string }>('read_own', { key: 'a' }, { principal: who })).text,
      await dispatcher.listResources(resource, { limit: 10 }, request(who)),
      await dispatcher.readResource('callers://a/whole', request(who)),
      await dispatcher.complete(resource, resource.completers.get('name')!, { value: '', known: {} }, request(who)),
    ];
    const [mine, his] = [await ask(ALICE), await ask(principal)];
    const name = (who: Principal): string => `${who.tenant} ${who.subject} ${who.scopes.join('+')}`;
    for (const answer of mine) expect(JSON.stringify(answer)).toContain(name(ALICE));
    for (const answer of his) expect(JSON.stringify(answer)).toContain(name(principal));
  });
});

describe('defect 12: a result that is cut no longer fits its schema', () => {
  it(injected('oversize', 'validate output', 'it is refused whole'), async () => {
    const kit = await kitOf(StagedTools);
    for (const bytes of [1_001, 100_000]) {
      kit.inject('read_small', faults.overflow(bytes));
      const outcome = await kit.call('read_small', { key: String(bytes) });
      expect(outcome).toMatchObject({ kind: 'failure', error: { code: 'LIMIT' } });
      expect(outcome).not.toHaveProperty('value');
    }
  });

  it('nor does an interceptor of the whole application change it after it was checked', async () => {
    const imports = [globally(APP_INTERCEPTOR, WrappingInterceptor)];
    const kit = await kitWith({ toolsetClasses: [BareTools], imports });
    const outcome = await kit.call('read_bare', { key: 'a' });
    const schema = z.strictObject({ text: z.string() });
    const sent = outcome.kind === 'success' ? [outcome.value.structured] : [];
    expect(sent.filter((structured) => !schema.safeParse(structured).success)).toEqual([]);
  });
});

describe('defect 13: an order that follows registration', () => {
  it('toolsets and modules of an author, in every order, leave the stages in theirs', async () => {
    const modules = [globally(APP_GUARD, SeeingGuard), globally(APP_INTERCEPTOR, SeeingInterceptor)];
    for (const imports of [modules, modules.toReversed()])
      for (const toolsetClasses of [
        [AuthorTools, BareTools],
        [BareTools, AuthorTools],
      ]) {
        const kit = await kitWith({ toolsetClasses, imports });
        await kit.succeed('read_enhanced', { key: 'a' });
        const names = STAGES.map(({ name }) => name) as string[];
        const places = stagesIn(kit, 'read_enhanced').map((stage) => names.indexOf(stage));
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(stagesIn(kit, 'read_enhanced')).toEqual(expect.arrayContaining(stagesOf('gate') as string[]));
      }
  });

  it.each<[string, Partial<Options>, string]>([
    ['on a toolset', {}, 'read_enhanced'],
    ['of the whole application', { imports: [globally(APP_GUARD, SeeingGuard)] }, 'read_bare'],
  ])(
    "a guard of an author, %s, is not asked before the platform's gates have let the call pass",
    async (_where, options, tool) => {
      const kit = await kitWith({ toolsetClasses: [AuthorTools, BareTools], ...options });
      await kit.fail(tool, { key: 'a' }, { principal: { ...ALICE, subject: '' } });
      await kit.fail(tool, { key: 'a' }, { principal: { ...ALICE, scopes: ['other:read'] } });
      await kit.fail(tool, { kee: 'a' });
      expect(seen).toEqual([]);
    },
  );

  it('calls that a guard of the whole application refuses count like any other', async () => {
    const kit = await kitWith({ toolsetClasses: [BareTools], imports: [globally(APP_GUARD, RefusingGuard)] });
    const codes = [];
    for (let call = 0; call < 3; call++) codes.push((await kit.fail('read_bare', { key: String(call) })).code);
    expect(codes).toEqual(['FORBIDDEN', 'FORBIDDEN', 'RATE_LIMITED']);
  });
});

describe('defect 14: n replicas allow n times the limit', () => {
  it('replicas that were given one store hold one limit together', async () => {
    const counters = new MemoryCounterStore();
    const bindings = [{ provide: CounterStore, useValue: counters }];
    const kits = await Promise.all(
      Array.from({ length: 4 }, () => kitWith({ toolsetClasses: [StagedTools], bindings })),
    );
    const ends = await Promise.all(
      Array.from({ length: 40 }, async (_, call) => (await kits[call % 4]!.call('read_counted', { key: 'a' })).kind),
    );
    expect(ends.filter((kind) => kind === 'success')).toHaveLength(3);
  });
});
