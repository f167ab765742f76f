import { describe, expect, it } from '@jest/globals';
import { nearestName } from './nearest-name.js';

const KNOWN = ['throttle', 'authorize', 'deadline_ms', 'queue'];

describe('nearestName', () => {
  it.each([
    ['trottle', 'throttle'],
    ['Throttle', 'throttle'],
    ['authorise', 'authorize'],
    ['deadlineMs', 'deadline_ms'],
    ['deadline', 'deadline_ms'],
    ['queu', 'queue'],
    ['qeue', 'queue'],
  ])('%s is %s', (given, meant) => {
    expect(nearestName(given, KNOWN)).toBe(meant);
  });

  it.each(['', '_', 'x', 'ab', 'retry', 'something', 'q'.repeat(65)])('%j is nothing that is known', (given) => {
    expect(nearestName(given, KNOWN)).toBeUndefined();
  });

  it('takes the nearest of several', () => {
    expect(nearestName('abcdex', ['abcxyz', 'abcdef'])).toBe('abcdef');
  });
});
