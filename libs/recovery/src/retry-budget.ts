export interface RetryBudgetSettings {
  /** Retries per first attempt. */
  readonly ratio?: number;
  /** Retries there are before any call was made, and the most that can be saved up. */
  readonly reserve?: number;
}

/**
 * How much of the traffic to one dependency may be retries. Each first attempt earns a part of a retry; what is not
 * used is not saved beyond the reserve, or a quiet success would pay for a storm.
 */
export class RetryBudget {
  private readonly ratio: number;
  private readonly reserve: number;
  private available: number;

  constructor({ ratio = 0.1, reserve = 3 }: RetryBudgetSettings = {}) {
    this.ratio = ratio;
    this.reserve = reserve;
    this.available = reserve;
  }

  get tokens(): number {
    return this.available;
  }
  recordCall(): void {
    this.available = Math.min(this.reserve, this.available + this.ratio);
  }
  /** @returns whether a retry may be made; it is paid for then. */
  tryTake(): boolean {
    // A tenth added ten times is a little less than one.
    if (this.available < 1 - 1e-9) return false;
    this.available -= 1;
    return true;
  }
}
