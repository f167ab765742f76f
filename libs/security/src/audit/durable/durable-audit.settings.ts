/** Bounds and rhythms of the durable audit. */
export interface DurableAuditSettings {
  /** Records that wait to be written; a read waits with them from here on, and twice as many are refused. */
  readonly maxWaiting: number;
  /** Records written by one write. */
  readonly maxBatch: number;
  /** A file of the journal that has so many bytes gets no more. */
  readonly segmentBytes: number;
  /** Bytes of the journal that the database has not got. From here on calls are refused, from 9/8 on their ends too. */
  readonly maxBacklogBytes: number;
  /** Intents and events reach the disk, not only the operating system, before they are acknowledged. */
  readonly syncs: boolean;
  /** After a write, until it is shipped to the database. */
  readonly shipAfterMs: number;
  /** Bytes of the journal stored in one transaction. More than the longest line. */
  readonly shipBytes: number;
  /** After a failure, until the next attempt. */
  readonly retryAfterMs: number;
  /** A head is signed after so many records, or so much time. */
  readonly headEveryRecords: number;
  readonly headEveryMs: number;
  /** How often the heads of other instances are noted in this one's chain. */
  readonly noteHeadsEveryMs: number;
  /** What the end of the process waits for the database. */
  readonly closeTimeoutMs: number;
}

export const DURABLE_AUDIT_DEFAULTS: DurableAuditSettings = {
  maxWaiting: 4_096,
  maxBatch: 256,
  segmentBytes: 1_048_576,
  maxBacklogBytes: 67_108_864,
  syncs: true,
  shipAfterMs: 200,
  shipBytes: 262_144,
  retryAfterMs: 1_000,
  headEveryRecords: 1_000,
  headEveryMs: 10_000,
  noteHeadsEveryMs: 3_600_000,
  closeTimeoutMs: 5_000,
};
