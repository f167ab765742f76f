import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@app/testing';
import type { CircuitBreaker } from './circuit-breaker.js';
import { CircuitBreakers } from './circuit-breakers.js';

function open(breaker: CircuitBreaker): void {
  for (let i = 0; i < 5; i++) {
    const permit = breaker.admit();
    if (!('retryAfterMs' in permit)) permit.fail();
  }
  expect(breaker.state).toBe('open');
}
const names = (breakers: CircuitBreakers): string[] => breakers.all().map(({ dependency }) => dependency);

describe('CircuitBreakers', () => {
  it('gives all who name a dependency the same breaker, with the settings of the first', () => {
    const breakers = new CircuitBreakers(new ManualClock());
    const first = breakers.of('a', { consecutiveFailures: 1 });
    expect(breakers.of('a')).toBe(first);
    expect(breakers.of('b')).not.toBe(first);
    const permit = first.admit();
    if (!('retryAfterMs' in permit)) permit.fail();
    expect([breakers.of('a').state, breakers.of('b').state]).toEqual(['open', 'closed']);
  });

  it('finds what there is without making anything', () => {
    const breakers = new CircuitBreakers(new ManualClock());
    expect(breakers.find('a')).toBeUndefined();
    expect(breakers.all()).toEqual([]);
    expect(breakers.of('a')).toBe(breakers.find('a'));
  });

  it('forgets the longest unused closed one for a new one, not one that is open', () => {
    const breakers = new CircuitBreakers(new ManualClock(), 3);
    open(breakers.of('dead'));
    breakers.of('a');
    breakers.of('b');
    breakers.of('a');
    breakers.of('c');
    expect(names(breakers)).toEqual(['dead', 'a', 'c']);
    expect(breakers.of('dead').state).toBe('open');
  });

  it('never has more than its bound, whatever is named', () => {
    const breakers = new CircuitBreakers(new ManualClock(), 100);
    for (let i = 0; i < 10_000; i++) {
      const breaker = breakers.of(`host ${i}`);
      if (i % 2 === 0 && breaker.state === 'closed') open(breaker);
    }
    expect(breakers.all()).toHaveLength(100);
  });

  it('lets names it has no room for share one breaker, which is none of the others', () => {
    const breakers = new CircuitBreakers(new ManualClock(), 2);
    open(breakers.of('dead'));
    open(breakers.of('also dead'));
    const shared = breakers.of('new');
    expect('retryAfterMs' in shared.admit()).toBe(false);
    open(shared);
    expect(breakers.of('another')).toBe(shared);
    expect('retryAfterMs' in breakers.of('another').admit()).toBe(true);
    expect(names(breakers)).toEqual(['dead', 'also dead']);
  });

  it('forgets an open one when nobody has asked for it since long after its pause', () => {
    const clock = new ManualClock();
    const breakers = new CircuitBreakers(clock, 2);
    open(breakers.of('dead'));
    open(breakers.of('asked for'));
    clock.advance(10_000 + 89_999);
    breakers.of('asked for').admit();
    breakers.of('too early');
    expect(names(breakers)).toEqual(['dead', 'asked for']);
    clock.advance(1);
    open(breakers.of('new'));
    expect(names(breakers)).toEqual(['asked for', 'new']);
    breakers.of('one more');
    expect(names(breakers)).toEqual(['asked for', 'new']);
  });

  it('does not forget one whose probes or ramp go on', () => {
    const clock = new ManualClock();
    const breakers = new CircuitBreakers(clock, 1);
    const breaker = breakers.of('recovering');
    open(breaker);
    clock.advance(10_000);
    const probes = [1, 2, 3].map(() => breaker.admit());
    breakers.of('new');
    expect(breakers.find('recovering')).toBe(breaker);
    for (const probe of probes) if (!('retryAfterMs' in probe)) probe.succeed();
    expect(breaker.state).toBe('ramping');
    breakers.of('new');
    expect(breakers.find('recovering')).toBe(breaker);
    clock.advance(30_000);
    breaker.admit();
    breakers.of('new');
    expect(names(breakers)).toEqual(['new']);
  });

  it('refuses settings that make no sense', () => {
    const breakers = new CircuitBreakers(new ManualClock());
    expect(() => breakers.of('a', { openMs: 0 })).toThrow('openMs');
    expect(breakers.all()).toEqual([]);
  });
});
