import type { AuditRecord } from '../audit-record.js';

/** Records that will be written by one write. */
export class WaitingRecords {
  readonly records: AuditRecord[] = [];
  needsSync = false;
  /** Resolves once they are written; made when the first one asks for it. */
  written?: PromiseWithResolvers<void>;

  /** @returns what the caller waits for before he goes on; undefined where he need not */
  add(record: AuditRecord, isAwaited: boolean, isSynced: boolean): Promise<void> | undefined {
    this.records.push(record);
    if (!isAwaited) return undefined;
    if (isSynced) this.needsSync = true;
    if (this.written === undefined) {
      this.written = Promise.withResolvers();
      // Who waits hears of a failure himself; who stopped waiting must not end the process.
      this.written.promise.catch(() => undefined);
    }
    return this.written.promise;
  }
}
