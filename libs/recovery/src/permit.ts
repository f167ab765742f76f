/** Leave for one call. The first of the three counts, the others do nothing. */
export interface Permit {
  succeed(): void;
  fail(): void;
  /** It says nothing of the dependency, e.g. a mistake of the caller, or a caller who left. */
  ignore(): void;
}

export interface Refused {
  /** When to ask again. */
  readonly retryAfterMs: number;
}

export type Ending = 'success' | 'failure' | 'nothing';

/** One call that was let through. */
export class GivenPermit implements Permit {
  private isSettled = false;

  constructor(
    /** Of the breaker, when it let the call through. */
    readonly epoch: number,
    readonly startedAt: number,
    private readonly settle: (permit: GivenPermit, ending: Ending) => void,
  ) {}

  succeed(): void {
    this.end('success');
  }
  fail(): void {
    this.end('failure');
  }
  ignore(): void {
    this.end('nothing');
  }

  private end(ending: Ending): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.settle(this, ending);
  }
}
