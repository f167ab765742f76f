import type { AuditRecord } from './audit-record.js';
import { AuditSink } from './audit-sink.js';

/** The newest records in memory. Capacity is a number of records; a restart loses all of them. */
export class MemoryAuditSink extends AuditSink {
  private readonly ring: AuditRecord[] = [];
  private next = 0;

  constructor(readonly capacity = 10_000) {
    super();
  }

  override record(record: AuditRecord): void {
    if (this.ring.length < this.capacity) this.ring.push(record);
    else this.ring[this.next] = record;
    this.next = (this.next + 1) % this.capacity;
  }

  /** Oldest first. */
  records(): AuditRecord[] {
    return this.ring.length < this.capacity
      ? [...this.ring]
      : [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }
}
