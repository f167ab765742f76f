import { describe, expect, it } from '@jest/globals';
import { shown, visible } from './shown-lines.js';

describe('lines for a terminal', () => {
  it('show what a terminal would act on', () => {
    const line = visible('a\u001b[2J\u009b1m\u202e\u2028\n\u{e0041}\tb é');
    expect(line).toBe('a\\u001b[2J\\u009b1m\\u202e\\u2028\\u000a\\udb40\\udc41\tb é');
  });

  it('say the same as JSON', () => {
    const thing = { subject: 'a\u009b2J\u202e\u{e0041}"\\\t', at: 1 };
    const line = visible(shown(thing, true));
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(line)).toEqual(thing);
  });

  it('have a member each between tabs', () => {
    expect(shown({ id: 'a\tb', createdAt: 0, scopes: ['x:read'], n: 1 }, false)).toBe(
      'id=a\\tb\tcreatedAt=1970-01-01T00:00:00.000Z\tscopes=["x:read"]\tn=1',
    );
  });
});
