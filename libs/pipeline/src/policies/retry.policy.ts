import { definePolicy } from './policy.js';

export interface RetryOptions {
  /** Attempts in all, the first included; default 3. */
  readonly attempts?: number;
  /** The wait before attempt n is random, up to `baseDelayMs * 2 ** (n - 1)` and never more than `maxDelayMs`. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  /**
   * For a tool that is not idempotent by itself, but passes `ToolCall.idempotencyKey` on to a service that makes it so:
   * only calls that carry a key are tried again.
   */
  readonly onlyKeyed?: boolean;
}

/**
 * Tries again what failed for a passing reason. Only for tools that are read-only or idempotent, or with `onlyKeyed`:
 * anything else could do its work twice, and the server does not start.
 */
export const Retry = definePolicy<RetryOptions>('retry');
