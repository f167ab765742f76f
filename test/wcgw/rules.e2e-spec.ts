import { randomBytes } from 'node:crypto';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { of } from 'rxjs';
import { z } from 'zod';
import { Limits, parsePolicy, PolicySource } from '@app/config';
import { CODES, type ErrorCode, type Principal, ServerError, ToolCall } from '@app/mcp';
import {
  CallLimits,
  type CallTrace,
  DefinitionError,
  Dispatcher,
  DynamicTools,
  OperationRegistry,
  Retry,
  STAGES,
  Transactions,
  WhatCouldGoWrong,
} from '@app/pipeline';
import { CircuitBreakers } from '@app/recovery';
import { KnownSecrets } from '@app/security';
import { CounterStore, RedisConnection, RedisCounterStore } from '@app/storage';
import { ALICE, BOB, DeafWork, faults, FIXTURE_RISKS, injected, TestKit } from '@app/testing';
import { describeWith, REDIS_URL } from '../../libs/storage/src/fixtures/services.js';
import type { Reply } from '../security/evidence.js';
import { SchemaJudge } from '../security/schema-judge.js';
import { callModern, modernRequest, post } from '../support/mcp-messages.js';
import { AuthorTools, seen } from './author.toolset.js';
import { CallerTools } from './callers.toolset.js';
import { StagedServer } from './staged-server.js';
import { StagedTools } from './staged.toolset.js';
import { BackwardTools, RememberedTransactions, WholeTools, WireTools } from './whole.toolset.js';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  seen.length = 0;
});
async function serve(...options: Parameters<typeof StagedServer.start>): Promise<StagedServer> {
  const server = await StagedServer.start(...options);
  running.push(server);
  return server;
}
async function kitOf(options: Parameters<typeof TestKit.start>[0]): Promise<TestKit> {
  const kit = await TestKit.start(options);
  running.push(kit);
  return kit;
}
/** Lets the server go on until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((next) => setTimeout(next, 5));
}
const KEY = 'mcp-software-engineer/idempotency_key';
const NOTHING = { calls: 0, overdue: 0, places: 0, waiting: 0 };
const unreachable = (): ServerError => new ServerError('CONNECTION_FAILED', 'The upstream does not answer.');
const namesOf = (trace: CallTrace | undefined): string[] => trace!.stages().map(({ stage }) => stage);
const IN_ORDER = STAGES.map(({ name }) => name);
const between = (first: string, last: string): string[] =>
  IN_ORDER.slice(IN_ORDER.indexOf(first as never), IN_ORDER.indexOf(last as never) + 1);

const planted = (more: Partial<Parameters<DynamicTools['add']>[0]> = {}): Parameters<DynamicTools['add']>[0] => ({
  name: 'planted',
  scope: 'staged',
  title: 'P',
  description: 'Was added by code',
  input: z.strictObject({ key: z.string().max(64) }),
  output: z.strictObject({ text: z.string() }),
  risk: 'write',
  hints: { destructive: false, idempotent: false, openWorld: false },
  declares: [WhatCouldGoWrong(FIXTURE_RISKS)],
  run: ({ key }: { key: string }) => ({ text: key }),
  ...more,
});

describe('rule 1: one choke point', () => {
  const ASKED: [what: string, method: string, params: Record<string, unknown>, operation: string][] = [
    ['tools/list', 'tools/list', {}, 'tools/list'],
    ['prompts/list', 'prompts/list', {}, 'prompts/list'],
    ['resources/templates/list', 'resources/templates/list', {}, 'resources/templates/list'],
    ['resources/list', 'resources/list', {}, 'callers://{name}/{part}'],
    ['resources/read', 'resources/read', { uri: 'callers://a/whole' }, 'callers://{name}/{part}'],
    ['prompts/get', 'prompts/get', { name: 'greet_caller', arguments: { name: 'a' } }, 'greet_caller'],
    [
      'completion/complete',
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'greet_caller' }, argument: { name: 'name', value: 'a' } },
      'greet_caller',
    ],
    [
      'completion/complete of what nobody completes',
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'callers://{name}/{part}' }, argument: { name: 'part', value: 'w' } },
      'callers://{name}/{part}',
    ],
    ['tools/call', 'tools/call', { name: 'read_own', arguments: { key: 'a' } }, 'read_own'],
  ];

  it.each(ASKED)('%s is recorded, counted and throttled', async (_what, method, params, operation) => {
    const server = await serve({ throttle: { maxRequests: 2 } }, [CallerTools]);
    const { headers, body } = modernRequest(method, params);
    const ask = async (): Promise<boolean> => {
      const { message } = await post(server.url, body, headers);
      return message.result !== undefined && message.result.isError !== true;
    };
    expect([await ask(), await ask(), await ask()]).toEqual([true, true, false]);
    const records = server.log().filter((line) => line['msg'] === 'audit');
    expect(records.map((line) => [line['operation'], line['decision']])).toEqual([
      [operation, 'success'],
      [operation, 'success'],
      [operation, 'RATE_LIMITED'],
    ]);
    expect(await server.outcomes(operation, 'success')).toBe(2);
    expect(await server.outcomes(operation, 'RATE_LIMITED')).toBe(1);
  });

  it('a tool that was added by code is recorded, counted, throttled and switched off like any other', async () => {
    const server = await serve();
    server.probe
      .get(DynamicTools)
      .add(planted({ declares: [WhatCouldGoWrong(FIXTURE_RISKS), CallLimits({ callsPerWindow: 2 })] }));
    const told = await server.call('planted');
    expect(told).toMatchObject({ end: 'success', structured: { text: 'a' } });
    expect((await server.audit(told.callId)).map(({ phase }) => phase)).toEqual(['intent', 'outcome']);
    expect((await server.call('planted', { kee: 'a' })).end).toBe('INVALID_ARGUMENT');
    expect((await server.call('planted')).end).toBe('RATE_LIMITED');
    expect(await server.outcomes('planted', 'success')).toBe(1);
    expect(await server.decisions('throttle', 'planted', 'refused RATE_LIMITED')).toBe(1);
    const given = await server.call('change_thing');
    expect(namesOf(server.probe.trace(told.callId))).toEqual(
      namesOf(server.probe.trace(given.callId)).filter((stage) => stage !== 'cache'),
    );
  });

  it(injected('must be stopped at once', 'kill switch', 'a tool that was added by code is stopped too'), async () => {
    const server = await serve();
    let runs = 0;
    server.probe.get(DynamicTools).add(planted({ run: () => ({ text: String(++runs) }) }));
    const policy = parsePolicy('tools: { planted: { enabled: false, reason: Frozen. } }');
    jest.spyOn(server.probe.get(PolicySource), 'current').mockReturnValue(policy);
    expect(await server.call('planted')).toMatchObject({
      end: 'POLICY_DENIED',
      text: expect.stringContaining('Frozen'),
    });
    expect(runs).toBe(0);
  });

  it('a tool that was added by code has nothing of what an author put on a toolset', async () => {
    const kit = await kitOf({ toolsetClasses: [AuthorTools] });
    kit.get(DynamicTools).add(planted());
    await kit.succeed('planted', { key: 'a' });
    expect(seen).toEqual([]);
    await kit.succeed('read_enhanced', { key: 'a' });
    expect(seen).toContain('guard read_enhanced');
  });

  it('a tool that was added by code is not served for the reasons any other is not, and goes when it is removed', async () => {
    const kit = await kitOf({ toolsetClasses: [StagedTools] });
    const tools = kit.get(DynamicTools);
    expect(() => tools.add(planted({ name: 'read_plain' }))).toThrow(/tool read_plain: two tools share this name/);
    expect(() => tools.add(planted({ declares: [] }))).toThrow(/tool planted: nothing mitigates "partial write"/);
    expect(kit.get(OperationRegistry).tool('planted')).toBeUndefined();
    tools.add(planted());
    expect([tools.remove('planted'), tools.remove('planted'), tools.remove('read_plain')]).toEqual([
      true,
      false,
      false,
    ]);
    await expect(kit.call('planted', { key: 'a' })).rejects.toThrow(/Unknown tool/);
  });

  it('what an interceptor of the whole application answers instead of the tool is looked at like any result', async () => {
    const answering = async (answer: unknown): Promise<TestKit> =>
      kitOf({
        toolsetClasses: [StagedTools],
        providers: [{ provide: APP_INTERCEPTOR, useValue: { intercept: () => of(answer) } }],
      });
    const good = await answering({ text: 'from elsewhere' });
    expect(await good.succeed('change_thing', { key: 'a' })).toEqual({ text: 'from elsewhere' });
    expect(good.audit().map(({ phase }) => phase)).toEqual(['intent', 'outcome']);
    const bad = await answering({ other: 'x' });
    expect((await bad.fail('change_thing', { key: 'a' })).code).toBe('INTERNAL');
    expect((await bad.fail('change_thing', { kee: 'a' })).code).toBe('INVALID_ARGUMENT');
    expect([good.get(StagedTools).effects, bad.get(StagedTools).effects]).toEqual([[], []]);
  });

  it.each(['change_thing', 'planted'])('%s, invoked past the dispatcher, does not run', async (name) => {
    const kit = await kitOf({ toolsetClasses: [StagedTools] });
    let runs = 0;
    kit.get(DynamicTools).add(planted({ run: () => ({ text: String(++runs) }) }));
    const { signal } = new AbortController();
    const call = new ToolCall({
      id: 'forged',
      operation: name,
      input: { key: 'a' },
      principal: ALICE,
      lifetime: { deadlineAt: Infinity, signal, throwIfEnded: () => undefined },
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      client: { progress: () => undefined, log: () => undefined },
      meta: {},
    });
    await expect(kit.get(OperationRegistry).tool(name)!.invoke(call)).rejects.toThrow(/not come from the dispatcher/);
    expect([kit.get(StagedTools).effects, runs]).toEqual([[], 0]);
  });
});

describe('rule 2: audit is outermost', () => {
  it('records every end there is, once, and what decided it', async () => {
    const policy = parsePolicy('tools: { read_small: { enabled: false } }');
    const server = await serve({ policy, limits: { concurrentCalls: 1 } });
    await server.call('read_kept');
    const told = {
      cached: await server.call('read_kept'),
      invalid: await server.call('read_plain', { kee: 'a' }),
      denied: await server.call('read_small'),
    };
    const work = new DeafWork();
    server.probe.inject('read_plain', work.fault);
    const hanging = server.call('read_plain');
    await until(() => work.hanging === 1);
    const shed = await server.call('read_counted');
    work.release();
    await hanging;
    const record = async (callId: string) =>
      (await server.audit(callId)).map(({ decision, notes }) => [decision, notes]);
    expect(await record(told.cached.callId)).toEqual([['success', ['cache: hit']]]);
    expect(await record(told.invalid.callId)).toEqual([
      ['INVALID_ARGUMENT', ['validate input: refused INVALID_ARGUMENT']],
    ]);
    expect(await record(told.denied.callId)).toEqual([['POLICY_DENIED', ['kill switch: refused POLICY_DENIED']]]);
    expect(await record(shed.callId)).toEqual([['OVERLOADED', ['admission: refused OVERLOADED']]]);
    expect(namesOf(server.probe.trace(shed.callId))).toEqual(['audit', 'deadline', 'admission']);
  });

  it('records what a call is about to change before it changes it, and once however often it is tried', async () => {
    const kit = await kitOf({ toolsetClasses: [CallerTools] });
    const phases: string[][] = [];
    kit.inject('set_thing', async (_call, method) => {
      phases.push(kit.audit().map(({ phase }) => phase));
      if (phases.length === 1) throw unreachable();
      return method();
    });
    await kit.succeed('set_thing', { key: 'a' });
    expect(phases).toEqual([['intent'], ['intent']]);
    expect(kit.audit().map(({ phase }) => phase)).toEqual(['intent', 'outcome']);
  });

  it('does not record a refusal as a success because an author has a filter for errors', async () => {
    const kit = await kitOf({ toolsetClasses: [AuthorTools] });
    await kit.succeed('read_soothed', { key: 'a' });
    const outcome = await kit.call('read_soothed', { key: 'a' });
    expect(kit.audit().at(-1)).toMatchObject({ operation: 'read_soothed', decision: 'RATE_LIMITED' });
    expect(outcome).toMatchObject({ kind: 'failure', error: { code: 'RATE_LIMITED' } });
  });
});

describe('rule 3: the order is owned by the platform', () => {
  const transacted = (toolsetClasses: (typeof WholeTools)[]) =>
    kitOf({
      toolsetClasses,
      bindings: [{ provide: Transactions, useFactory: () => new RememberedTransactions() }],
    });

  // Nothing is left out: the key, the trial run and the transaction make every stage apply.
  it.each([
    ['destroy_whole', [WholeTools, BackwardTools]],
    ['destroy_backward', [WholeTools, BackwardTools]],
    ['destroy_whole', [BackwardTools, WholeTools]],
    ['destroy_backward', [BackwardTools, WholeTools]],
  ])(
    '%s passes every stage of the list, in its order, however decorators and modules are written',
    async (tool, all) => {
      const kit = await transacted(all);
      await kit.succeed(tool, { key: 'a', dry_run: true }, { meta: { [KEY]: 'k1' } });
      expect(namesOf(kit.traces(tool)[0])).toEqual(IN_ORDER);
      expect((kit.get(Transactions as never) as RememberedTransactions).ended).toEqual(['commit']);
    },
  );

  it('behind a port it is the same order, without the transaction, for nothing there runs one', async () => {
    const server = await serve({}, [WireTools]);
    const told = await server.call('destroy_wire', { key: 'a', dry_run: true }, 'k1');
    expect(told.end).toBe('success');
    expect(namesOf(server.probe.trace(told.callId))).toEqual(IN_ORDER.filter((stage) => stage !== 'transaction'));
  });

  it('rolls a transaction back for what is not sent', async () => {
    const kit = await transacted([WholeTools]);
    kit.inject(
      'destroy_whole',
      faults.failForever(() => new ServerError('CONFLICT', 'Changed.')),
    );
    await kit.fail('destroy_whole', { key: 'a', dry_run: true });
    expect((kit.get(Transactions as never) as RememberedTransactions).ended).toEqual(['rollback']);
  });
});

describe('rule 4: signal, slot and record end with the work', () => {
  it(injected('hang', 'deadline', 'its signal reaches the method with the reason'), async () => {
    const kit = await kitOf({
      toolsetClasses: [StagedTools],
      policy: parsePolicy('tools: { change_thing: { limits: { deadline_ms: 20 } } }'),
    });
    const given: AbortSignal[] = [];
    kit.inject('change_thing', (call, method) => {
      given.push(call.signal);
      return faults.hang()(call, method);
    });
    expect((await kit.fail('change_thing', { key: 'a' })).code).toBe('TIMEOUT');
    expect(given.map(({ aborted, reason }) => [aborted, (reason as ServerError).code])).toEqual([[true, 'TIMEOUT']]);
    await kit.settled();
    expect(await kit.held()).toMatchObject(NOTHING);
  });

  it(injected('hang', 'deadline', 'slot, record and gauge stay until deaf work has ended'), async () => {
    const kit = await kitOf({
      toolsetClasses: [StagedTools],
      policy: parsePolicy('tools: { change_thing: { limits: { deadline_ms: 250, concurrency: 1, queue: 0 } } }'),
    });
    const work = new DeafWork();
    const mend = kit.inject('change_thing', work.fault);
    const keyed = { meta: { [KEY]: 'k1' } };
    expect((await kit.fail('change_thing', { key: 'a' }, keyed)).code).toBe('TIMEOUT');
    mend();
    expect((await kit.fail('change_thing', { key: 'a' }, keyed)).code).toBe('IN_PROGRESS');
    expect((await kit.fail('change_thing', { key: 'b' })).code).toBe('OVERLOADED');
    expect(await kit.metric('wcgw_overdue_work')).toBe(1);
    expect(await kit.held()).toMatchObject({ calls: 1, overdue: 1, places: 1 });
    work.release();
    await kit.settled();
    expect(await kit.metric('wcgw_overdue_work')).toBe(0);
    expect(await kit.succeed('change_thing', { key: 'a' }, keyed)).toEqual({ text: 'a' });
    expect(kit.get(StagedTools).effects).toEqual(['a']);
    expect(kit.audit().map(({ phase }) => phase)).toContain('late_outcome');
    expect(await kit.held()).toMatchObject(NOTHING);
  });

  it(
    injected('hang', 'attempt timeout', 'an attempt has a signal of its own, and the next one a fresh one'),
    async () => {
      const kit = await kitOf({ toolsetClasses: [StagedTools] });
      const given: AbortSignal[] = [];
      kit.inject('read_again', (call, method) => {
        given.push(call.signal);
        return given.length === 1 ? faults.hang()(call, method) : method();
      });
      await kit.succeed('read_again', { key: 'a' });
      expect(given.map(({ aborted }) => aborted)).toEqual([true, false]);
    },
  );
});

describe('rule 5: errors are classified once, before any wrapper', () => {
  it("a second attempt passes all that is inside of the retry again, an author's interceptors and pipes included", async () => {
    const kit = await kitOf({ toolsetClasses: [AuthorTools] });
    let failures = 1;
    kit.inject('read_enhanced', async (_call, method) => {
      const result = await method();
      if (failures-- > 0) throw unreachable();
      return result;
    });
    await kit.succeed('read_enhanced', { key: 'a' });
    const attempt = ['interceptor read_enhanced', 'interceptor read_enhanced', 'pipe'];
    expect(seen).toEqual(['guard read_enhanced', ...attempt, ...attempt]);
    const applies = (stage: string): boolean =>
      !['idempotency', 'approval', 'cache', 'attempt timeout', 'intent', 'transaction'].includes(stage);
    expect(namesOf(kit.traces('read_enhanced')[0])).toEqual(
      [...between('audit', 'method'), ...between('breaker', 'validate output')].filter(applies),
    );
  });

  it('an exception of Nest and a lost connection are what they mean, whatever wraps them', async () => {
    const kit = await kitOf({ toolsetClasses: [StagedTools] });
    const lost = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
    kit.inject(
      'read_upstream',
      faults.failForever(() => new TypeError('fetch failed', { cause: lost })),
    );
    for (let call = 0; call < 4; call++) {
      const failure = await kit.fail('read_upstream', { key: String(call) });
      expect(failure.code).toBe('CONNECTION_FAILED');
      expect(failure.message).not.toContain('10.0.0.7');
    }
    expect((await kit.fail('read_upstream', { key: 'a' })).code).toBe('CIRCUIT_OPEN');
  });
});

describe('rule 6: retry only where it is safe', () => {
  const attemptsOf = async (tool: string, meta?: Record<string, unknown>): Promise<number> => {
    const kit = await kitOf({ toolsetClasses: [CallerTools, StagedTools] });
    let attempts = 0;
    kit.inject(tool, async () => {
      attempts++;
      throw unreachable();
    });
    await kit.fail(tool, { key: 'a' }, { meta });
    return attempts;
  };

  it.each<[string, string, Record<string, unknown> | undefined, number]>([
    ['a read', 'read_again', undefined, 3],
    ['an idempotent write', 'set_thing', undefined, 3],
    ['a write that is not idempotent, with a key', 'append_thing', { [KEY]: 'k1' }, 3],
    ['a write that is not idempotent, without a key', 'append_thing', undefined, 1],
    ['a write that declares no retry, with a key', 'append_once', { [KEY]: 'k1' }, 1],
    ['a read that declares no retry', 'read_plain', undefined, 1],
  ])('%s', async (_what, tool, meta, attempts) => {
    expect(await attemptsOf(tool, meta)).toBe(attempts);
  });

  it('is refused when it is declared for what could be done twice', async () => {
    const kit = await kitOf({ toolsetClasses: [StagedTools] });
    const unsafe = planted({ declares: [WhatCouldGoWrong(FIXTURE_RISKS), Retry({ attempts: 2 })] });
    expect(() => kit.get(DynamicTools).add(unsafe)).toThrow(DefinitionError);
    expect(() => kit.get(DynamicTools).add(unsafe)).toThrow(/tool planted: declares @Retry/);
  });
});

describe('rule 7: no answer of one caller for another', () => {
  const callers: [string, Principal][] = [
    ['another tenant', { ...ALICE, tenant: 'globex' }],
    ['another subject', { ...ALICE, subject: 'bob' }],
    ['other scopes', { ...ALICE, scopes: ['callers:read'] }],
    ['names that would spell the same if they were joined', { ...ALICE, tenant: 'ac', subject: 'mealice' }],
  ];

  it.each(callers)('%s gets an answer of his own', async (_what, principal) => {
    const kit = await kitOf({ toolsetClasses: [CallerTools] });
    const first = await kit.succeed('read_own', { key: 'a' });
    const second = await kit.succeed('read_own', { key: 'a' }, { principal });
    expect(second).not.toEqual(first);
    expect(await kit.succeed('read_own', { key: 'a' })).toEqual(first);
    expect(kit.get(CallerTools).runs).toEqual(['read_own', 'read_own']);
  });

  it('one caller shares with himself, however his scopes are ordered', async () => {
    const kit = await kitOf({ toolsetClasses: [CallerTools] });
    const scopes = ['callers:read', 'files:read'];
    await kit.succeed('read_own', { key: 'a' }, { principal: { ...ALICE, scopes } });
    await kit.succeed('read_own', { key: 'a' }, { principal: { ...ALICE, scopes: [...scopes].reverse() } });
    expect(kit.get(CallerTools).runs).toEqual(['read_own']);
  });

  it('a tool that says its result is the same for all shares it', async () => {
    const kit = await kitOf({ toolsetClasses: [CallerTools] });
    const first = await kit.succeed('read_common', { key: 'a' });
    expect(await kit.succeed('read_common', { key: 'a' }, { principal: BOB })).toEqual(first);
    expect(kit.get(CallerTools).runs).toEqual(['read_common']);
  });

  it('two callers who ask at the same moment do not share the work either', async () => {
    const kit = await kitOf({ toolsetClasses: [CallerTools] });
    const work = new DeafWork();
    kit.inject('read_own', work.fault);
    const asking = [kit.succeed('read_own', { key: 'a' }), kit.succeed('read_own', { key: 'a' }, { principal: BOB })];
    await until(() => work.hanging === 2);
    work.release();
    const [first, second] = await Promise.all(asking);
    expect(first).not.toEqual(second);
  });

  it('a key of idempotency is that of its caller', async () => {
    const kit = await kitOf({ toolsetClasses: [CallerTools] });
    const meta = { [KEY]: 'k1' };
    const first = await kit.succeed('append_once', { key: 'a' }, { meta });
    expect(await kit.succeed('append_once', { key: 'a' }, { meta, principal: BOB })).not.toEqual(first);
    expect(kit.get(CallerTools).runs).toEqual(['append_once', 'append_once']);
  });
});

describe('rule 8: every error tells what to do about it', () => {
  it('of every code: code, whether a retry helps, when, a hint and the call id', async () => {
    const server = await serve();
    for (const code of Object.keys(CODES) as ErrorCode[]) {
      const thrown = new ServerError(code, 'It went wrong.', { retryAfterMs: 70, hint: 'Do it otherwise.' });
      const mend = server.probe.inject(
        'read_plain',
        faults.failForever(() => thrown),
      );
      const { end, text, error, callId } = await server.call('read_plain', { key: code });
      expect([end, text]).toEqual([code, `${code}: It went wrong. Hint: Do it otherwise.`]);
      const { retryable } = CODES[code];
      expect(error).toEqual({ code, retryable, retry_after_ms: 70, hint: 'Do it otherwise.', call_id: callId });
      mend();
    }
  });

  it('what the platform itself refuses for a time says for how long', async () => {
    const server = await serve({ limits: { concurrentCalls: 3 } });
    const told: Record<string, Record<string, unknown> | undefined> = {};
    for (let call = 0; call < 4; call++) told['RATE_LIMITED'] = (await server.call('read_counted')).error;
    server.probe.inject('read_upstream', faults.failForever(unreachable));
    for (let call = 0; call < 5; call++) told['CIRCUIT_OPEN'] = (await server.call('read_upstream')).error;
    const work = new DeafWork();
    server.probe.inject('read_narrow', work.fault);
    server.probe.inject('change_thing', work.fault);
    const hanging = [server.call('read_narrow'), server.call('read_narrow')];
    await until(async () => (await server.probe.held()).waiting === 1);
    const full = (await server.call('read_narrow')).error;
    hanging.push(server.call('change_thing', { key: 'a' }, 'k1'));
    await until(() => work.hanging === 2);
    const shed = (await server.call('read_plain')).error;
    work.release();
    await until(() => work.hanging === 1);
    hanging.push(server.call('change_thing', { key: 'b' }, 'k2'));
    await until(() => work.hanging === 2);
    told['IN_PROGRESS'] = (await server.call('change_thing', { key: 'b' }, 'k2')).error;
    work.release();
    await Promise.all(hanging);
    for (const [code, error] of [...Object.entries(told), ['OVERLOADED', full], ['OVERLOADED', shed]] as const)
      expect(error).toMatchObject({ code, retryable: true, retry_after_ms: expect.any(Number) });
  });

  it('a timeout helps to be repeated only where the work could not be done twice', async () => {
    const policy = parsePolicy(
      'tools: { read_plain: { limits: { deadline_ms: 20 } }, change_thing: { limits: { deadline_ms: 20 } } }',
    );
    const server = await serve({ policy });
    for (const [tool, retryable] of [
      ['read_plain', true],
      ['change_thing', false],
    ] as const) {
      server.probe.inject(tool, faults.hang());
      expect((await server.call(tool)).error).toMatchObject({ code: 'TIMEOUT', retryable });
    }
  });

  it('an unknown error has a generic text; its cause is in the log with the call id, and nowhere else', async () => {
    const server = await serve();
    server.probe.inject(
      'read_plain',
      faults.failForever(() => new Error('key=hunter2 at /srv/private')),
    );
    const told = await server.call('read_plain');
    expect(told).toMatchObject({ end: 'INTERNAL', error: { retryable: false, call_id: told.callId } });
    expect(JSON.stringify(told)).not.toMatch(/hunter2|private/);
    const lines = server.log().filter((line) => JSON.stringify(line).includes('hunter2'));
    expect(lines.map((line) => line['call_id'])).toEqual([told.callId]);
  });
});

describe('rule 9: limits and breakers are held together', () => {
  it('servers that were given the same breakers know of the same failing dependency', async () => {
    const breakers = new CircuitBreakers({ now: () => performance.now(), after: () => () => undefined });
    const start = () =>
      kitOf({ toolsetClasses: [StagedTools], bindings: [{ provide: CircuitBreakers, useValue: breakers }] });
    const [one, other] = [await start(), await start()];
    one.inject('read_upstream', faults.failForever(unreachable));
    for (let call = 0; call < 4; call++) await one.fail('read_upstream', { key: String(call) });
    expect((await other.fail('read_upstream', { key: 'a' })).code).toBe('CIRCUIT_OPEN');
  });
});

await describeWith('rule 9: limits in Redis', REDIS_URL, () => {
  it('servers that share a Redis hold one limit together, for calls, lists and tools added by code', async () => {
    const connection = new RedisConnection(REDIS_URL, { keyPrefix: `mcp-test-${randomBytes(6).toString('hex')}:` });
    const counters = new RedisCounterStore(connection);
    const bindings = [{ provide: CounterStore, useValue: counters }];
    const throttle = { maxRequests: 6 };
    try {
      const kits = await Promise.all(
        Array.from({ length: 3 }, () => kitOf({ toolsetClasses: [StagedTools], bindings, throttle })),
      );
      for (const kit of kits) kit.get(DynamicTools).add(planted());
      const request = { principal: ALICE, client: { progress: () => undefined, log: () => undefined } };
      const kinds: [number, (kit: TestKit) => Promise<{ kind: string }>][] = [
        [3, (kit) => kit.call('read_counted', { key: 'a' })],
        [6, (kit) => kit.call('planted', { key: 'a' })],
        [6, (kit) => kit.get(Dispatcher).record('list', 'tools/list', undefined, request)],
      ];
      for (const [limit, ask] of kinds) {
        const ends = await Promise.all(Array.from({ length: 30 }, (_, call) => ask(kits[call % kits.length]!)));
        expect(ends.filter(({ kind }) => kind === 'success')).toHaveLength(limit);
      }
    } finally {
      await connection.run('', async (redis, prefix) => {
        const keys = await redis.keys(`${prefix}*`);
        if (keys.length > 0) await redis.unlink(keys);
      });
      await connection.close();
    }
  });
});

describe('rule 10: the test kit is the server', () => {
  const CALLS: [what: string, tool: string, input: unknown, key: string | undefined, end: string][] = [
    ['a read', 'read_plain', { key: 'a' }, undefined, 'success'],
    ['an answer from the cache', 'read_kept', { key: 'kept' }, undefined, 'success'],
    ['a second attempt', 'read_again', { key: 'a' }, undefined, 'success'],
    ['a keyed change', 'change_thing', { key: 'a' }, 'k1', 'success'],
    ['a confirmation', 'destroy_thing', { key: 'a' }, undefined, 'CONFIRMATION_REQUIRED'],
    ['bad arguments', 'change_thing', { kee: 'a' }, undefined, 'INVALID_ARGUMENT'],
    ['a dependency that fails', 'read_upstream', { key: 'a' }, undefined, 'CONNECTION_FAILED'],
  ];

  it.each(CALLS)('%s passes the same stages in both', async (_what, tool, input, key, end) => {
    const server = await serve();
    const kit = await kitOf({ toolsetClasses: [StagedTools] });
    for (const each of [server.probe, kit]) {
      each.inject('read_again', faults.failTimes(1, unreachable));
      each.inject('read_upstream', faults.failForever(unreachable));
    }
    const meta = key === undefined ? undefined : { [KEY]: key };
    if (tool === 'read_kept') await Promise.all([server.call(tool, input), kit.call(tool, input)]);
    const told = await server.call(tool, input, key);
    const outcome = await kit.call(tool, input, { meta });
    expect([told.end, outcome.kind === 'failure' ? outcome.error.code : outcome.kind]).toEqual([end, end]);
    const [trace] = kit.traces(tool);
    expect(namesOf(trace)).toEqual(namesOf(server.probe.trace(told.callId)));
    expect(trace!.notes).toEqual(server.probe.trace(told.callId)!.notes);
  });

  it.each([
    ['list_files', { path: '.' }, { listEntries: 2 }],
    ['read_files', { items: [{ path: 'rules.e2e-spec.ts' }], max_bytes: 100 }, {}],
    ['search_text', { query: 'const', max_results: 1 }, {}],
  ])('%s cuts its result so that it still fits the schema', async (tool, input, limits) => {
    const server = await serve({ limits });
    const judge = await SchemaJudge.of(server.url);
    const whole = JSON.stringify((await callModern(server.url, tool, input)).message.result);
    const { message } = await callModern(server.url, tool, input);
    expect(message.result!.isError).not.toBe(true);
    expect(judge.problemsOf({ tool, message } as unknown as Reply)).toEqual([]);
    expect(whole).toMatch(/"(truncated|is_truncated|next_cursor|has_more)":/);
  });

  it(
    injected('oversize', 'validate output', 'what no tool has cut is refused whole, and has no structure'),
    async () => {
      const server = await serve({ limits: { outputBytes: 2_000 } });
      expect(server.probe.get(Limits).outputBytes).toBe(2_000);
      server.probe.inject('read_plain', faults.overflow(2_001));
      const told = await server.call('read_plain');
      expect(told).toMatchObject({ end: 'LIMIT', structured: undefined });
      expect(told.text.length).toBeLessThan(200);
    },
  );

  it("what an author's filter makes of an error fits the schema, or is not sent", async () => {
    const kit = await kitOf({ toolsetClasses: [AuthorTools] });
    expect(await kit.call('read_told', { key: 'worse' })).toMatchObject({ kind: 'failure' });
  });

  it("what an author's filter makes of an error shows no secret of the server", async () => {
    const kit = await kitOf({ toolsetClasses: [AuthorTools] });
    kit.get(KnownSecrets).add('canary-7f3a9c2e');
    expect(JSON.stringify(await kit.call('read_told', { key: 'canary-7f3a9c2e' }))).not.toContain('canary-7f3a9c2e');
  });
});
