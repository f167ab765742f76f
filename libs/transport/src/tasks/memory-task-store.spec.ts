import { afterEach, describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { ServerError } from '@app/mcp';
import { MemoryTaskStore } from './memory-task-store.js';
import type { TaskState } from './task.js';

const TTL_MS = 1_000;
const done = (text: string): TaskState => ({ status: 'completed', result: { content: [{ type: 'text', text }] } });

describe('tasks in memory', () => {
  const stores: MemoryTaskStore[] = [];
  let now = 0;
  const storeWith = (limits: Partial<Limits> = {}): MemoryTaskStore => {
    now = 1_000_000;
    const store = new MemoryTaskStore(new Limits({ taskTtlMs: TTL_MS, ...limits }), () => now);
    stores.push(store);
    return store;
  };
  afterEach(() => stores.splice(0).forEach((store) => store.onModuleDestroy()));

  it('are found by their owner at once, with an id of 128 random bits', async () => {
    const store = storeWith();
    const [one, two] = [await store.create('alice'), await store.create('alice')];
    expect(one.id).toMatch(/^[0-9a-f]{32}$/);
    expect(two.id).not.toBe(one.id);
    expect(await store.find(one.id, 'alice')).toEqual({
      id: one.id,
      owner: 'alice',
      createdAt: now,
      updatedAt: now,
      ttlMs: TTL_MS,
      state: { status: 'working' },
    });
  });

  it('do not exist for anybody else', async () => {
    const store = storeWith();
    const { id } = await store.create('alice');
    expect(await store.find(id, 'bob')).toBeUndefined();
    expect(await store.find('0'.repeat(32), 'alice')).toBeUndefined();
  });

  it('are kept for their whole time and not a moment longer', async () => {
    const store = storeWith();
    const { id } = await store.create('alice');
    await store.advance(id, done('x'));
    now += TTL_MS - 1;
    expect((await store.find(id, 'alice'))?.state.status).toBe('completed');
    now += 1;
    expect(await store.find(id, 'alice')).toBeUndefined();
  });

  it('are refused to an owner who has as many as he may, who is told when to come back', async () => {
    const store = storeWith({ tasksPerPrincipal: 2 });
    await store.create('alice');
    now += 100;
    await store.create('alice');
    const refusal = await store.create('alice').catch((error: unknown) => error as ServerError);
    expect(refusal).toBeInstanceOf(ServerError);
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: TTL_MS - 100 });
    expect((await store.create('bob')).owner).toBe('bob');
    now += TTL_MS - 100;
    expect((await store.create('alice')).owner).toBe('alice');
    expect(store.count()).toBe(3);
  });

  it('are refused to everybody when all are taken', async () => {
    const store = storeWith({ tasks: 2, tasksPerPrincipal: 2 });
    await store.create('alice');
    await store.create('bob');
    await expect(store.create('carol')).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterMs: TTL_MS });
    now += TTL_MS;
    await store.create('carol');
    expect(store.count()).toBe(1);
  });

  it('never leave a state that is an end', async () => {
    const store = storeWith();
    const { id } = await store.create('alice');
    await store.advance(id, { status: 'cancelled' }, 'stopped');
    now += 5;
    await store.advance(id, done('too late'));
    const task = await store.find(id, 'alice');
    expect(task).toMatchObject({ state: { status: 'cancelled' }, message: 'stopped', updatedAt: now - 5 });
  });

  it('say what they are doing until they do something else', async () => {
    const store = storeWith();
    const { id } = await store.create('alice');
    now += 7;
    await store.advance(id, { status: 'working' }, 'half');
    expect(await store.find(id, 'alice')).toMatchObject({ message: 'half', createdAt: now - 7, updatedAt: now });
    await store.advance(id, done('x'));
    expect(await store.find(id, 'alice')).not.toHaveProperty('message');
  });

  it('keep no result that is too large, and say so', async () => {
    const store = storeWith({ taskResultBytes: 200 });
    const { id } = await store.create('alice');
    await store.advance(id, done('x'.repeat(201)));
    const task = await store.find(id, 'alice');
    expect(JSON.stringify(task?.state)).toContain('LIMIT: ');
    expect(task?.state).toMatchObject({ status: 'completed', result: { isError: true } });
  });

  it('keep no more results than fit together, until others are forgotten', async () => {
    const store = storeWith({ taskStoreBytes: 250 });
    const finish = async (): Promise<TaskState | undefined> => {
      const { id } = await store.create('alice');
      await store.advance(id, done('x'.repeat(100)));
      return (await store.find(id, 'alice'))?.state;
    };
    expect(await finish()).toEqual(done('x'.repeat(100)));
    expect(await finish()).toMatchObject({ result: { isError: true } });
    now += TTL_MS;
    expect(await finish()).toEqual(done('x'.repeat(100)));
  });
});
