import { describe, expect, it } from '@jest/globals';
import { CallChannel } from './call-channel.js';

function channel() {
  const told: unknown[] = [];
  const open = new CallChannel({
    progress: (progress) => void told.push(progress),
    log: (level) => void told.push(level),
  });
  return { told, open };
}

describe('CallChannel', () => {
  it('hands on what the call tells, in order', () => {
    const { told, open } = channel();
    open.progress(1, 3);
    open.log('info', 'x');
    open.progress(2, 3);
    expect(told).toEqual([1, 'info', 2]);
  });

  it('tells nothing once the call is answered', () => {
    const { told, open } = channel();
    open.end();
    open.progress(1);
    open.log('info', 'x');
    expect(told).toEqual([]);
  });

  it('tells twenty things a second and the last step, however much a tool reports', () => {
    const { told, open } = channel();
    for (let step = 1; step <= 100_000; step++) open.progress(step, 100_000);
    expect(told).toHaveLength(21);
    expect(told.at(-1)).toBe(100_000);
  });
});
