import { RetryBudget, type RetryBudgetSettings } from './retry-budget.js';

const MAX_BUDGETS = 10_000;

/** One budget per dependency. The longest unused is forgotten first, and begins anew with its reserve. */
export class RetryBudgets {
  private readonly budgets = new Map<string, RetryBudget>();

  constructor(
    private readonly settings: RetryBudgetSettings = {},
    private readonly maxBudgets = MAX_BUDGETS,
  ) {}

  of(dependency: string): RetryBudget {
    const budget = this.budgets.get(dependency) ?? new RetryBudget(this.settings);
    this.budgets.delete(dependency);
    if (this.budgets.size >= this.maxBudgets) this.budgets.delete(this.budgets.keys().next().value!);
    this.budgets.set(dependency, budget);
    return budget;
  }
}
