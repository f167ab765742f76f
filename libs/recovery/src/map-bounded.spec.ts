import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@app/testing';
import { mapBounded } from './map-bounded.js';

/** Eight calls of 100 ms each, on a clock that is set by hand. @returns how long all took */
async function durationOf(maxConcurrent: number): Promise<{ tookMs: number; most: number }> {
  const clock = new ManualClock();
  let atWork = 0;
  let most = 0;
  const wait = (): Promise<void> => new Promise((done) => void clock.after(100, done));
  const state = { isDone: false };
  const all = mapBounded(Array.from({ length: 8 }), maxConcurrent, async () => {
    most = Math.max(most, ++atWork);
    await wait();
    atWork--;
  }).then(() => (state.isDone = true));
  let tookMs = 0;
  while (!state.isDone) {
    await clock.advanceAndSettle(100);
    tookMs += 100;
  }
  await all;
  return { tookMs, most };
}

describe('mapBounded', () => {
  it('is faster by as many as work at once, and never more of them', async () => {
    const [one, four] = [await durationOf(1), await durationOf(4)];
    expect(one.tookMs / four.tookMs).toBeGreaterThanOrEqual(3);
    expect([one.most, four.most]).toEqual([1, 4]);
  });

  it('keeps the order of the things, whatever ends first', async () => {
    const order = [30, 5, 20, 1];
    const results = await mapBounded(order, 2, async (turns) => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      return turns;
    });
    expect(results).toEqual(order);
  });

  it('begins nothing after a failure, and waits for what had begun', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const all = mapBounded([0, 1, 2, 3, 4], 2, async (thing) => {
      begun.push(thing);
      if (thing === 0) throw new Error('the first');
      await new Promise((done) => setImmediate(done));
      ended.push(thing);
    });
    await expect(all).rejects.toThrow('the first');
    expect([begun, ended]).toEqual([[0, 1], [1]]);
  });

  it('takes nothing at all, and refuses to do none at once', async () => {
    expect(await mapBounded([], 4, async () => 1)).toEqual([]);
    await expect(mapBounded([1], 0, async () => 1)).rejects.toThrow(RangeError);
  });
});
