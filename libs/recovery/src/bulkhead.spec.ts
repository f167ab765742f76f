import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { ServerError } from '@app/mcp';
import { Bulkhead } from './bulkhead.js';

const listeners = (controller: AbortController): number => getEventListeners(controller.signal, 'abort').length;
const settled = (): Promise<void> => new Promise((done) => void setImmediate(done));
const never = (): AbortSignal => {
  throw new Error('the signal was asked for');
};

describe('Bulkhead', () => {
  it('lets so many in at once without asking for a signal', () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 2, maxQueued: 1 });
    expect([bulkhead.enter(never), bulkhead.enter(never)]).toEqual([undefined, undefined]);
    expect([bulkhead.running, bulkhead.waiting, bulkhead.refusesNow]).toEqual([2, 0, false]);
  });

  it('lets those who wait in first come first served, and one who comes meanwhile behind them', async () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, maxQueued: 10 });
    const { signal } = new AbortController();
    const order: string[] = [];
    const enter = (name: string): void => void bulkhead.enter(() => signal)?.then(() => order.push(name));
    for (const name of ['inside', 'first', 'second']) enter(name);
    bulkhead.leave();
    enter('third');
    await settled();
    expect(order).toEqual(['first']);
    for (let i = 0; i < 2; i++) {
      bulkhead.leave();
      await settled();
    }
    expect(order).toEqual(['first', 'second', 'third']);
    bulkhead.leave();
    expect([bulkhead.running, bulkhead.waiting]).toEqual([0, 0]);
  });

  it.each([0, 2])('refuses when all places and all %d places to wait are taken', (maxQueued) => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, maxQueued });
    const { signal } = new AbortController();
    for (let i = 0; i < 1 + maxQueued; i++) {
      expect(bulkhead.refusesNow).toBe(false);
      void bulkhead.enter(() => signal);
    }
    expect(bulkhead.refusesNow).toBe(true);
    expect(() => bulkhead.enter(() => signal)).toThrow(
      expect.objectContaining({ code: 'OVERLOADED', retryAfterMs: 1_000 } satisfies Partial<ServerError>),
    );
    expect([bulkhead.running, bulkhead.waiting]).toEqual([1, maxQueued]);
  });

  it('forgets one who gives up, at once and with his reason', async () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, maxQueued: 1 });
    const abort = new AbortController();
    void bulkhead.enter(never);
    const waiting = bulkhead.enter(() => abort.signal);
    abort.abort(new Error('gone'));
    expect([bulkhead.waiting, bulkhead.refusesNow, listeners(abort)]).toEqual([0, false, 0]);
    await expect(waiting).rejects.toThrow('gone');
    bulkhead.leave();
    expect(bulkhead.running).toBe(0);
  });

  it('does not let one wait who has given up already', async () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, maxQueued: 1 });
    void bulkhead.enter(never);
    await expect(bulkhead.enter(() => AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(bulkhead.waiting).toBe(0);
  });

  it('loses no place when handing over and giving up fall in the same turn', async () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, maxQueued: 2 });
    const [handedFirst, abortedFirst] = [new AbortController(), new AbortController()];
    void bulkhead.enter(never);
    const has = bulkhead.enter(() => handedFirst.signal)!;
    bulkhead.leave();
    handedFirst.abort(new Error('too late'));
    // It has the place, whatever its signal says now, and gives it back.
    await expect(has).resolves.toBeUndefined();
    expect(bulkhead.running).toBe(1);
    const hasNot = bulkhead.enter(() => abortedFirst.signal);
    abortedFirst.abort(new Error('gone'));
    bulkhead.leave();
    await expect(hasNot).rejects.toThrow('gone');
    expect([bulkhead.running, bulkhead.waiting]).toEqual([0, 0]);
  });

  it('does not let a place be given back twice', () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 1, maxQueued: 0 });
    void bulkhead.enter(never);
    bulkhead.leave();
    expect(() => bulkhead.leave()).toThrow(RangeError);
  });

  it('refuses sizes with which nothing could enter', () => {
    expect(() => new Bulkhead({ maxConcurrent: 0, maxQueued: 0 })).toThrow(RangeError);
    expect(() => new Bulkhead({ maxConcurrent: 1, maxQueued: Number.NaN })).toThrow(RangeError);
  });

  it('ends 10,000 calls that end in every way with nobody inside, nobody waiting, and no listener', async () => {
    const bulkhead = new Bulkhead({ maxConcurrent: 8, maxQueued: 50 });
    // A small generator, so that every run is the same (Numerical Recipes' constants).
    let seed = 42;
    const random = (): number => (seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
    const aborts: AbortController[] = [];
    const seen = { worked: 0, failed: 0, gaveUp: 0, refused: 0 };
    let most = 0;
    const call = async (abort: AbortController): Promise<void> => {
      let place: Promise<void> | undefined;
      try {
        place = bulkhead.enter(() => abort.signal);
      } catch {
        seen.refused++;
        return;
      }
      try {
        await place;
      } catch {
        seen.gaveUp++;
        return;
      }
      most = Math.max(most, bulkhead.running);
      try {
        for (let turns = Math.floor(random() * 4); turns > 0; turns--) await settled();
        if (random() < 0.3) throw new Error('work failed');
        seen.worked++;
      } catch {
        seen.failed++;
      } finally {
        bulkhead.leave();
      }
    };
    const calls: Promise<void>[] = [];
    while (calls.length < 10_000) {
      const abort = new AbortController();
      aborts.push(abort);
      calls.push(call(abort));
      if (random() < 0.3) aborts[Math.floor(aborts.length - 1 - random() * Math.min(40, aborts.length - 1))]!.abort();
      if (random() < 0.12) await settled();
    }
    await Promise.all(calls);
    expect([bulkhead.running, bulkhead.waiting, most]).toEqual([0, 0, 8]);
    expect(aborts.reduce((sum, abort) => sum + listeners(abort), 0)).toBe(0);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(500);
  });
});
