import { CALL_LIMITS, definePolicy } from './policy.js';

export interface CallLimitsOptions {
  /** Accepted calls of one caller in any window; default `RATE_LIMIT_MAX_REQUESTS`. */
  readonly callsPerWindow?: number;
  /** Length of the window, up to 7 days; default `RATE_LIMIT_WINDOW_MS`. */
  readonly windowMs?: number;
  /** Calls that work at once. A place is free when the work has ended, whether or not its caller was answered before. */
  readonly concurrency?: number;
  /** Calls that wait for such a place. */
  readonly queue?: number;
  /** Time one attempt has; default: as long as the whole call. */
  readonly attemptTimeoutMs?: number;
  /** Largest result, as bytes of JSON. A larger one is LIMIT, never cut. */
  readonly outputBytes?: number;
}

/** How much of everything one tool may take. Whatever is left out comes from the configuration. */
export const CallLimits = definePolicy<CallLimitsOptions>(CALL_LIMITS);

/** The least each may be; all are whole numbers. */
const LEAST: Readonly<Record<keyof CallLimitsOptions, number>> = {
  callsPerWindow: 1,
  windowMs: 1,
  concurrency: 1,
  queue: 0,
  attemptTimeoutMs: 1,
  outputBytes: 1,
};

/** What cannot be kept of what was declared, in words. */
export const problemsOfLimits = (given: CallLimitsOptions): string[] =>
  Object.entries(LEAST).flatMap(([name, least]) => {
    const value = given[name as keyof CallLimitsOptions];
    const isGood = value === undefined || value === Infinity || (Number.isInteger(value) && value >= least);
    return isGood ? [] : [`declares @CallLimits with ${name} ${value}, expected a whole number of at least ${least}`];
  });
