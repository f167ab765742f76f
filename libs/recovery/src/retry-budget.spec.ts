import { describe, expect, it } from '@jest/globals';
import { RetryBudget } from './retry-budget.js';
import { RetryBudgets } from './retry-budgets.js';

const take = (budget: RetryBudget, times: number): number =>
  Array.from({ length: times }, () => budget.tryTake()).filter(Boolean).length;
const record = (budget: RetryBudget, calls: number): void => {
  for (let i = 0; i < calls; i++) budget.recordCall();
};

describe('RetryBudget', () => {
  it('begins with its reserve', () => {
    expect(take(new RetryBudget({}), 100)).toBe(3);
    expect(take(new RetryBudget({ reserve: 5 }), 100)).toBe(5);
  });

  it('earns one retry with ten calls, the tenth included', () => {
    const budget = new RetryBudget({});
    take(budget, 3);
    record(budget, 9);
    expect(budget.tryTake()).toBe(false);
    record(budget, 1);
    expect(budget.tryTake()).toBe(true);
    expect(budget.tryTake()).toBe(false);
  });

  it('does not save up a storm in a long quiet time', () => {
    const budget = new RetryBudget({});
    record(budget, 1_000_000);
    expect(budget.tokens).toBe(3);
    expect(take(budget, 100)).toBe(3);
  });

  it('keeps its share over a million calls, without drifting', () => {
    const budget = new RetryBudget({});
    let taken = 0;
    for (let i = 0; i < 1_000_000; i++) {
      budget.recordCall();
      if (budget.tryTake()) taken++;
    }
    expect(taken).toBeGreaterThanOrEqual(100_000);
    expect(taken).toBeLessThanOrEqual(100_003);
  });
});

describe('RetryBudgets', () => {
  it('shares one budget per dependency', () => {
    const budgets = new RetryBudgets();
    expect(take(budgets.of('a'), 10)).toBe(3);
    expect(budgets.of('a').tryTake()).toBe(false);
    expect(budgets.of('b').tryTake()).toBe(true);
  });

  it('forgets the longest unused first', () => {
    const budgets = new RetryBudgets({}, 2);
    const [a, b] = [budgets.of('a'), budgets.of('b')];
    expect(budgets.of('a')).toBe(a);
    budgets.of('c');
    expect(budgets.of('a')).toBe(a);
    expect(budgets.of('b')).not.toBe(b);
  });
});
