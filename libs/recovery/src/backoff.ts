export interface BackoffSettings {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * How long to wait before the next attempt: random between nothing and a bound that doubles, so that callers who failed
 * together do not come back together ("full jitter", https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 * @param failures attempts that have failed, at least 1
 * @param random in [0, 1)
 */
export const backoffMs = (failures: number, { baseDelayMs, maxDelayMs }: BackoffSettings, random: number): number =>
  random * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1));
