import { describe, expect, it } from '@jest/globals';
import type { ServerError } from '@app/mcp';
import { PathLocks } from './path-locks.js';

const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

describe('PathLocks', () => {
  it('lets one in at a time, in the order of asking', async () => {
    const locks = new PathLocks(10);
    const order: string[] = [];
    let inside = 0;
    const work = (name: string) =>
      locks.run('a', undefined, async () => {
        expect(++inside).toBe(1);
        await Promise.resolve();
        order.push(name);
        inside--;
      });
    await Promise.all(['1', '2', '3', '4'].map(work));
    expect(order).toEqual(['1', '2', '3', '4']);
    expect(locks.size).toBe(0);
  });

  it('does not make other paths wait', async () => {
    const locks = new PathLocks(10);
    const held = gate();
    const first = locks.run('a', undefined, () => held.promise);
    await locks.run('b', undefined, () => Promise.resolve());
    held.resolve();
    await first;
  });

  it('goes on after work that failed', async () => {
    const locks = new PathLocks(10);
    await expect(locks.run('a', undefined, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await locks.run('a', undefined, () => Promise.resolve(1))).toBe(1);
  });

  it('forgets a waiter that was aborted, and refuses one too many', async () => {
    const locks = new PathLocks(1);
    const held = gate();
    const first = locks.run('a', undefined, () => held.promise);
    const abort = new AbortController();
    const waiting = locks.run('a', abort.signal, () => Promise.resolve('ran'));
    await expect(locks.run('a', undefined, () => Promise.resolve())).rejects.toMatchObject({
      code: 'OVERLOADED',
    } satisfies Partial<ServerError>);
    abort.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(locks.run('b', abort.signal, () => Promise.resolve())).rejects.toThrow('gone');
    const third = locks.run('a', undefined, () => Promise.resolve('third'));
    held.resolve();
    await first;
    expect(await third).toBe('third');
    expect(locks.size).toBe(0);
  });
});
