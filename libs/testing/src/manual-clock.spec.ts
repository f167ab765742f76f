import { describe, expect, it } from '@jest/globals';
import { ManualClock } from './manual-clock.js';

describe('ManualClock', () => {
  it('runs what is due in order, each at its own moment, and what such a call asks for', () => {
    const clock = new ManualClock(1_000);
    const seen: [string, number][] = [];
    const note = (name: string) => (): void => void seen.push([name, clock.now()]);
    clock.after(30, note('third'));
    clock.after(10, () => {
      note('first')();
      clock.after(10, note('second'));
      clock.after(100, note('later'));
    });
    clock.after(30, note('fourth'));
    clock.advance(50);
    expect(seen).toEqual([
      ['first', 1_010],
      ['second', 1_020],
      ['third', 1_030],
      ['fourth', 1_030],
    ]);
    expect([clock.now(), clock.pending()]).toEqual([1_050, 1]);
  });

  it('does not run what was cancelled', () => {
    const clock = new ManualClock();
    let ran = false;
    const cancel = clock.after(10, () => (ran = true));
    cancel();
    clock.advance(100);
    expect([ran, clock.pending()]).toEqual([false, 0]);
  });

  it('lets promises settle on the way where asked', async () => {
    const clock = new ManualClock();
    const wait = (ms: number): Promise<void> => new Promise((done) => void clock.after(ms, done));
    let endedAt = 0;
    void (async () => {
      await wait(10);
      await wait(10);
      endedAt = clock.now();
    })();
    await clock.advanceAndSettle(100);
    expect([endedAt, clock.now()]).toEqual([20, 100]);
  });
});
