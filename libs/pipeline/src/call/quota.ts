/** What is left of a limit, as it was when a call was counted. */
export interface Quota {
  /** What is limited: the calls of one tool by one caller, or all calls of one tenant. */
  readonly name: 'tool' | 'tenant';
  /** Calls in any window. */
  readonly limit: number;
  readonly windowMs: number;
  readonly remaining: number;
  /** Until all of it is there again. */
  readonly resetAfterMs: number;
}
