/** What one window can hold at most: a counter remembers the time of every call in it. */
export const MAX_LIMIT = 65_535;
export const MAX_WINDOW_MS = 7 * 24 * 60 * 60_000;
export const MAX_COUNTER_KEY_CHARS = 512;

/** All in milliseconds from the moment of the answer. */
export interface Taken {
  readonly allowed: boolean;
  /** How many more would be allowed now. */
  readonly remaining: number;
  /** Until the next one is allowed; 0 when this one was. */
  readonly retryAfterMs: number;
  /** Until nothing counts any more. */
  readonly resetAfterMs: number;
}

/**
 * Counts calls in a sliding window: no span of `windowMs`, wherever it begins, holds more than `limit` calls that were
 * allowed. A call that is refused does not count. A key counts for itself in each length of window.
 */
export abstract class CounterStore {
  /**
   * Takes one call's place, if there is one.
   * @param key at most 512 characters
   * @param limit whole, 0 (nothing is allowed) to 65,535
   * @param windowMs whole, 1 to 7 days
   * @throws ServerError POLICY_UNAVAILABLE within the operation timeout when the service behind it does not answer;
   * whether the place was taken is then not known. RangeError for arguments beyond these bounds.
   */
  abstract take(key: string, limit: number, windowMs: number): Promise<Taken> | Taken;
}

/** @throws RangeError */
export function checkCounter(key: string, limit: number, windowMs: number): void {
  if (key.length > MAX_COUNTER_KEY_CHARS)
    throw new RangeError(`a counter's key has ${key.length} characters, ${MAX_COUNTER_KEY_CHARS} are allowed`);
  if (!Number.isInteger(limit) || limit < 0 || limit > MAX_LIMIT)
    throw new RangeError(`a limit of ${limit} is not a whole number from 0 to ${MAX_LIMIT}`);
  if (!Number.isInteger(windowMs) || windowMs < 1 || windowMs > MAX_WINDOW_MS)
    throw new RangeError(`a window of ${windowMs} ms is not a whole number from 1 to ${MAX_WINDOW_MS}`);
}
