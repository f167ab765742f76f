const BUCKETS = 12;

interface Bucket {
  /** Number of the span of time it holds, counted from the clock's beginning. */
  span: number;
  calls: number;
  failures: number;
  slow: number;
}

export interface Tally {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

/**
 * Counts of the last `windowMs`, in twelve buckets: as much memory for one call as for a million. The oldest bucket is
 * dropped whole, so that nothing older than the window counts, and nothing younger than eleven twelfths is missing.
 */
export class RollingWindow {
  private readonly bucketMs: number;
  private readonly buckets: readonly Bucket[] = Array.from({ length: BUCKETS }, () => ({
    span: -1,
    calls: 0,
    failures: 0,
    slow: 0,
  }));

  constructor(windowMs: number) {
    this.bucketMs = windowMs / BUCKETS;
  }

  add(now: number, isFailure: boolean, isSlow: boolean): void {
    const span = Math.floor(now / this.bucketMs);
    const bucket = this.buckets[span % BUCKETS]!;
    if (bucket.span !== span) reuse(bucket, span);
    bucket.calls++;
    if (isFailure) bucket.failures++;
    if (isSlow) bucket.slow++;
  }

  tally(now: number): Tally {
    const oldest = Math.floor(now / this.bucketMs) - BUCKETS;
    let calls = 0;
    let failures = 0;
    let slow = 0;
    for (const bucket of this.buckets)
      if (bucket.span > oldest) {
        calls += bucket.calls;
        failures += bucket.failures;
        slow += bucket.slow;
      }
    return { calls, failures, slow };
  }

  clear(): void {
    // The counts too: while the clock is younger than the window, no span is too old.
    for (const bucket of this.buckets) reuse(bucket, -1);
  }
}

function reuse(bucket: Bucket, span: number): void {
  bucket.span = span;
  bucket.calls = 0;
  bucket.failures = 0;
  bucket.slow = 0;
}
