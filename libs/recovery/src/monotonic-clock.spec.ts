import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { MonotonicClock } from './monotonic-clock.js';

const DAY_MS = 86_400_000;

describe('MonotonicClock', () => {
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('does not follow the clock on the wall', () => {
    const clock = new MonotonicClock();
    const before = clock.now();
    jest.spyOn(Date, 'now').mockReturnValue(0);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(clock.now() - before).toBeLessThan(60_000);
  });

  it('calls back once, unless it is cancelled', () => {
    jest.useFakeTimers();
    const clock = new MonotonicClock();
    const calls: string[] = [];
    clock.after(100, () => calls.push('first'));
    const cancel = clock.after(100, () => calls.push('cancelled'));
    cancel();
    jest.advanceTimersByTime(99);
    expect(calls).toEqual([]);
    jest.advanceTimersByTime(10_000);
    expect(calls).toEqual(['first']);
    cancel();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits longer than a timer of the platform can', () => {
    jest.useFakeTimers();
    const clock = new MonotonicClock();
    let calls = 0;
    clock.after(60 * DAY_MS, () => calls++);
    const cancel = clock.after(60 * DAY_MS, () => calls++);
    jest.advanceTimersByTime(50 * DAY_MS);
    expect(calls).toBe(0);
    cancel();
    jest.advanceTimersByTime(10 * DAY_MS);
    expect(calls).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not keep the process alive', () => {
    const timers: NodeJS.Timeout[] = [];
    const real = setTimeout;
    jest.spyOn(globalThis, 'setTimeout').mockImplementation(((call: () => void, ms: number) => {
      const timer = real(call, ms);
      timers.push(timer);
      return timer;
    }) as typeof setTimeout);
    const cancel = new MonotonicClock().after(60_000, () => undefined);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    cancel();
  });
});
