import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Limits } from '@app/config';
import {
  Ctx,
  Input,
  type InputRequest,
  ProtocolViolation,
  ServerError,
  Tool,
  ToolCall,
  type ToolOptions,
} from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS, ALICE, BOB, TestKit } from '@app/testing';
import type { Task, TaskState } from './task.js';
import type { TaskCall } from './live-task.js';
import { TaskRunner } from './task-runner.js';

const Key = z.strictObject({ key: z.string() });
const Done = z.strictObject({ done: z.string() });
const Name = z.object({ name: z.string() });
const form = (message: string): InputRequest => ({ kind: 'elicitation', message, schema: z.toJSONSchema(Name) });
const accept = (name: string) => ({ action: 'accept', content: { name } });
const isAccepted = (_key: string, answer: unknown): boolean => (answer as { action?: unknown }).action === 'accept';

const tool = (more: Partial<ToolOptions> = {}): ToolOptions => ({
  title: 'Job',
  description: 'A job',
  output: Done,
  risk: 'write',
  hints: { destructive: false, idempotent: false, openWorld: false },
  task: 'optional',
  ...more,
});

@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'jobs', scope: 'jobs' })
class Jobs {
  readonly started: string[] = [];
  readonly stopped: string[] = [];
  private readonly gates = new Map<string, () => void>();

  release(key: string): void {
    this.gates.get(key)?.();
  }

  @Tool(tool({ input: Key }))
  async work(@Input() { key }: z.infer<typeof Key>, @Ctx() call: ToolCall): Promise<z.infer<typeof Done>> {
    this.started.push(key);
    call.client.progress(1, 2);
    await new Promise<void>((go) => {
      this.gates.set(key, go);
      call.signal.addEventListener('abort', () => (this.stopped.push(key), go()), { once: true });
    });
    return { done: key };
  }

  /** Does not listen to its signal. */
  @Tool(tool())
  async deaf(): Promise<z.infer<typeof Done>> {
    await new Promise<void>((go) => this.gates.set('deaf', go));
    return { done: 'deaf' };
  }

  @Tool(tool())
  refuse(): never {
    throw new ServerError('CONFLICT', 'It changed meanwhile.');
  }

  @Tool(tool())
  giveUp(): never {
    throw new ServerError('CANCELLED', 'Not worth it.');
  }

  @Tool(tool())
  breakTheProtocol(): never {
    throw new ProtocolViolation('Not so', { why: 'because' });
  }

  @Tool(tool({ asksClient: true }))
  askTwo(@Ctx() call: ToolCall): z.infer<typeof Done> {
    const answers = call.ask({ first: form('First?'), second: form('Second?') }, isAccepted);
    return {
      done: Object.entries(answers)
        .map(([key, answer]) => `${key}=${(answer as ReturnType<typeof accept>).content.name}`)
        .sort()
        .join(),
    };
  }
}

describe('calls that run as tasks', () => {
  let kit: TestKit;
  const start = async (limits: Partial<Limits> = {}): Promise<{ runner: TaskRunner; jobs: Jobs }> => {
    kit = await TestKit.start({ toolsetClasses: [Jobs], limits });
    return { runner: kit.get(TaskRunner), jobs: kit.get(Jobs) };
  };
  afterEach(() => kit.stop());

  const call = (name: string, input: unknown = {}, more: Partial<TaskCall> = {}): TaskCall => ({
    principal: ALICE,
    name,
    input,
    askable: ['elicitation'],
    ...more,
  });
  const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    const patience = performance.now() + 4_000;
    while (performance.now() < patience) {
      if (await holds()) return;
      await turn();
    }
    throw new Error('it never came to that');
  };
  /** The state after the task has stopped working. */
  const settled = async (runner: TaskRunner, { id }: Task): Promise<TaskState> => {
    let state: TaskState = { status: 'working' };
    await until(async () => (state = (await runner.find(id, ALICE))!.state).status !== 'working');
    return state;
  };

  it('end with what the tool returned', async () => {
    const { runner, jobs } = await start();
    const task = await runner.start(call('work', { key: 'a' }));
    await until(() => jobs.started.length > 0);
    expect(await runner.find(task.id, ALICE)).toMatchObject({ state: { status: 'working' }, message: '1 of 2' });
    jobs.release('a');
    expect(await settled(runner, task)).toMatchObject({
      status: 'completed',
      result: { structuredContent: { done: 'a' } },
    });
    expect(runner.count()).toBe(0);
    expect(kit.audit().filter(({ phase }) => phase === 'outcome')).toMatchObject([
      { operation: 'work', decision: 'success', subject: 'alice' },
    ]);
  });

  it.each([
    [
      'refuse',
      { status: 'completed', result: { isError: true, content: [{ text: 'CONFLICT: It changed meanwhile.' }] } },
    ],
    ['work', { status: 'completed', result: { isError: true } }],
    ['give_up', { status: 'completed', result: { isError: true } }],
    ['break_the_protocol', { status: 'failed', error: { code: -32602, message: 'Not so', data: { why: 'because' } } }],
    ['no_such_tool', { status: 'failed', error: { code: -32602 } }],
  ])('end honestly when %s fails', async (name, expected) => {
    const { runner } = await start();
    expect(await settled(runner, await runner.start(call(name)))).toMatchObject(expected);
  });

  it('belong to who started them: for anybody else they do not exist', async () => {
    const { runner, jobs } = await start();
    const work = await runner.start(call('work', { key: 'a' }));
    const question = await runner.start(call('ask_two'));
    await settled(runner, question);
    const cousin = { ...BOB, subject: ALICE.subject };
    for (const stranger of [BOB, cousin]) {
      expect(await runner.find(work.id, stranger)).toBeUndefined();
      expect(await runner.cancel(work.id, stranger)).toBe(false);
      expect(await runner.answer(question.id, stranger, { first: accept('x'), second: accept('y') })).toBe(false);
    }
    expect(jobs.stopped).toEqual([]);
    expect((await runner.find(question.id, ALICE))?.state).toMatchObject({ inputRequests: { first: {}, second: {} } });
    expect(await runner.cancel('0'.repeat(32), ALICE)).toBe(false);
  });

  it('stop when cancelled, and stay cancelled', async () => {
    const { runner, jobs } = await start();
    const task = await runner.start(call('work', { key: 'a' }));
    await until(() => jobs.started.length > 0);
    expect(await runner.cancel(task.id, ALICE)).toBe(true);
    expect(await settled(runner, task)).toEqual({ status: 'cancelled' });
    expect(jobs.stopped).toEqual(['a']);
    expect(await runner.cancel(task.id, ALICE)).toBe(true);
    expect(await settled(runner, task)).toEqual({ status: 'cancelled' });
    const outcomes = kit.audit().filter(({ phase }) => phase === 'outcome');
    expect(outcomes.at(-1)).toMatchObject({ operation: 'work', decision: 'CANCELLED' });
  });

  it('are cancelled although the work does not listen', async () => {
    const { runner, jobs } = await start();
    const task = await runner.start(call('deaf'));
    await runner.cancel(task.id, ALICE);
    expect(await settled(runner, task)).toEqual({ status: 'cancelled' });
    jobs.release('deaf');
    await turn();
    expect(await settled(runner, task)).toEqual({ status: 'cancelled' });
  });

  it('keep their result when they are cancelled after the end', async () => {
    const { runner } = await start();
    const task = await runner.start(call('refuse'));
    await settled(runner, task);
    expect(await runner.cancel(task.id, ALICE)).toBe(true);
    expect((await runner.find(task.id, ALICE))?.state.status).toBe('completed');
  });

  it('wait their turn when all places are taken, and can be cancelled while they wait', async () => {
    const { runner, jobs } = await start({ tasksRunning: 1 });
    const [one, two, three] = [
      await runner.start(call('work', { key: '1' })),
      await runner.start(call('work', { key: '2' })),
      await runner.start(call('work', { key: '3' })),
    ];
    await runner.cancel(two.id, ALICE);
    expect(await settled(runner, two)).toEqual({ status: 'cancelled' });
    expect(jobs.started).toEqual(['1']);
    jobs.release('1');
    await settled(runner, one);
    await until(() => jobs.started.length === 2);
    expect(jobs.started).toEqual(['1', '3']);
    jobs.release('3');
    expect((await settled(runner, three)).status).toBe('completed');
  });

  it('are refused beyond what one caller may have', async () => {
    const { runner } = await start({ tasksPerPrincipal: 1 });
    await runner.start(call('refuse'));
    await expect(runner.start(call('refuse'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(runner.start(call('refuse', {}, { principal: BOB }))).resolves.toMatchObject({
      state: { status: 'working' },
    });
  });

  it('end at their deadline', async () => {
    const { runner, jobs } = await start({ taskDeadlineMs: 1 });
    const task = await runner.start(call('work', { key: 'a' }));
    expect(await settled(runner, task)).toMatchObject({
      status: 'completed',
      result: { isError: true, content: [{ text: expect.stringContaining('TIMEOUT') }] },
    });
    expect(jobs.stopped).toEqual(['a']);
  });

  it('are forgotten at the end of their time, running or waiting for an answer', async () => {
    const { runner, jobs } = await start({ taskTtlMs: 600 });
    const work = await runner.start(call('work', { key: 'a' }));
    const question = await runner.start(call('ask_two'));
    await until(() => jobs.started.length === 1);
    await until(() => runner.count() === 0);
    expect(jobs.stopped).toEqual(['a']);
    await until(async () => (await runner.find(work.id, ALICE)) === undefined);
    expect(await runner.answer(question.id, ALICE, { first: accept('x') })).toBe(false);
  });

  it('are stopped by a shutdown', async () => {
    const { runner, jobs } = await start({ tasksRunning: 2 });
    await runner.start(call('work', { key: 'a' }));
    await runner.start(call('work', { key: 'b' }));
    for (let waiting = 0; waiting < 5; waiting++) await runner.start(call('work', { key: 'waiting' }));
    await until(() => jobs.started.length === 2);
    await runner.onApplicationShutdown();
    expect(jobs.stopped).toEqual(['a', 'b']);
    expect(jobs.started).toEqual(['a', 'b']);
    expect(runner.count()).toBe(0);
  });

  describe('that ask', () => {
    it('wait until every question is answered, in any number of messages', async () => {
      const { runner } = await start();
      const task = await runner.start(call('ask_two'));
      expect(await settled(runner, task)).toMatchObject({
        status: 'input_required',
        inputRequests: { first: { method: 'elicitation/create', params: { message: 'First?' } }, second: {} },
      });
      await runner.answer(task.id, ALICE, { first: accept('x'), never_asked: accept('z') });
      const state = await settled(runner, task);
      expect(Object.keys((state as { inputRequests: object }).inputRequests)).toEqual(['second']);
      await runner.answer(task.id, ALICE, { first: accept('another') });
      await runner.answer(task.id, ALICE, { second: accept('y') });
      expect(await settled(runner, task)).toMatchObject({
        result: { structuredContent: { done: 'first=x,second=y' } },
      });
    });

    it('ask again for what cannot be used, and never twice under the same key', async () => {
      const { runner } = await start();
      const task = await runner.start(call('ask_two'));
      await settled(runner, task);
      await runner.answer(task.id, ALICE, { first: accept('x'), second: { action: 'nonsense' } });
      const keysOf = async (): Promise<string[]> =>
        Object.keys(((await settled(runner, task)) as { inputRequests: object }).inputRequests);
      expect(await keysOf()).toEqual(['second-2']);
      await runner.answer(task.id, ALICE, { second: accept('stale') });
      expect(await keysOf()).toEqual(['second-2']);
      await runner.answer(task.id, ALICE, { 'second-2': accept('y') });
      expect(await settled(runner, task)).toMatchObject({
        result: { structuredContent: { done: 'first=x,second=y' } },
      });
    });

    it('do not ask for ever', async () => {
      const { runner } = await start();
      const task = await runner.start(call('ask_two'));
      let state = await settled(runner, task);
      while (state.status === 'input_required') {
        const answers = Object.fromEntries(
          Object.keys(state.inputRequests).map((key) => [key, { action: 'nonsense' }]),
        );
        await runner.answer(task.id, ALICE, answers);
        state = await settled(runner, task);
      }
      expect(state).toMatchObject({
        status: 'completed',
        result: { isError: true, content: [{ text: expect.stringContaining('LIMIT') }] },
      });
    });

    it('fail when the client cannot be asked', async () => {
      const { runner } = await start();
      const task = await runner.start(call('ask_two', {}, { askable: ['roots'] }));
      expect(await settled(runner, task)).toMatchObject({
        status: 'failed',
        error: { code: -32021, data: { requiredCapabilities: { elicitation: { form: {} } } } },
      });
    });

    it('know what was answered before they became tasks', async () => {
      const { runner } = await start();
      const state = { answers: { first: accept('early') } };
      const task = await runner.start(call('ask_two', {}, { state }));
      await settled(runner, task);
      await runner.answer(task.id, ALICE, { second: accept('y') });
      expect(await settled(runner, task)).toMatchObject({
        result: { structuredContent: { done: 'first=early,second=y' } },
      });
    });

    it('can be cancelled while they wait, and are not woken by an answer', async () => {
      const { runner } = await start();
      const task = await runner.start(call('ask_two'));
      await settled(runner, task);
      await runner.cancel(task.id, ALICE);
      expect(await runner.answer(task.id, ALICE, { first: accept('x'), second: accept('y') })).toBe(true);
      expect(await settled(runner, task)).toEqual({ status: 'cancelled' });
    });

    it('do not go on when the last answer and the cancellation come together', async () => {
      const { runner } = await start();
      const task = await runner.start(call('ask_two'));
      await settled(runner, task);
      const runs = kit.audit().length;
      const both = { first: accept('x'), second: accept('y') };
      await Promise.all([runner.answer(task.id, ALICE, both), runner.cancel(task.id, ALICE)]);
      await turn();
      expect(await settled(runner, task)).toEqual({ status: 'cancelled' });
      expect(kit.audit()).toHaveLength(runs);
    });

    it('take no place while they wait', async () => {
      const { runner, jobs } = await start({ tasksRunning: 1 });
      await settled(runner, await runner.start(call('ask_two')));
      const task = await runner.start(call('work', { key: 'a' }));
      await until(() => jobs.started.length === 1);
      jobs.release('a');
      expect((await settled(runner, task)).status).toBe('completed');
    });
  });
});
