import type { AuditRecord } from '../audit-record.js';
import { chain, type ChainedRecord, GENESIS } from '../chain/chained-record.js';
import type { Journal } from '../journal/journal.js';
import { lineOf } from '../journal/journal-line.js';
import type { DurableAuditSettings } from './durable-audit.settings.js';
import { WaitingRecords } from './waiting-records.js';

/**
 * Chains records and writes them to the journal: those of one turn of the event loop, and those that come while a write
 * is under way, together. What could not be written stays here and is tried again; nothing more is taken meanwhile.
 */
export class JournalWriter {
  private readonly waiting: WaitingRecords[] = [];
  private waitingRecords = 0;
  private running?: Promise<void>;
  private retryTimer?: NodeJS.Timeout;
  private last: Pick<ChainedRecord, 'seq' | 'hash'> = { seq: 0, hash: GENESIS };
  /** Being written: gets no more records. */
  private inHand?: WaitingRecords;
  /** Chained, and not known to be written. */
  private unwritten?: Buffer;
  /** Why the journal cannot be written at present. */
  failure?: Error;

  /** @param onChange told when something was written, and when writing begins or ceases to fail */
  constructor(
    private readonly journal: Journal,
    private readonly instance: string,
    private readonly settings: DurableAuditSettings,
    private readonly onChange: (change: 'written' | 'failed' | 'mended') => void,
  ) {}

  /** Records taken that are not written. */
  get waitingCount(): number {
    return this.waitingRecords;
  }

  /** Number of the record chained last. */
  get seq(): number {
    return this.last.seq;
  }

  /**
   * @returns undefined for a read while there is room, else a promise that resolves once the record is written
   * @throws Error when nothing can be taken
   */
  add(record: AuditRecord): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure;
    const { maxWaiting, maxBatch, syncs } = this.settings;
    if (this.waitingRecords >= 2 * maxWaiting) throw new Error(`${this.waitingRecords} records wait to be written`);
    let batch = this.waiting.at(-1);
    if (batch === undefined || batch === this.inHand || batch.records.length >= maxBatch)
      this.waiting.push((batch = new WaitingRecords()));
    this.waitingRecords++;
    this.running ??= this.nextTurn();
    const isSynced = syncs && (record.phase === 'intent' || record.phase === 'event');
    return batch.add(record, record.risk !== 'read' || this.waitingRecords > maxWaiting, isSynced);
  }

  /** Resolves once all that was taken is written. @throws Error when it cannot be */
  async flush(): Promise<void> {
    while (this.running !== undefined) await this.running;
    if (this.failure !== undefined) throw this.failure;
  }

  /** Tries a last time what has failed. @returns how many records are lost */
  async close(): Promise<number> {
    while (this.running !== undefined) await this.running;
    clearTimeout(this.retryTimer);
    if (this.failure !== undefined) await (this.running = this.write());
    clearTimeout(this.retryTimer);
    return this.waitingRecords;
  }

  private async nextTurn(): Promise<void> {
    await new Promise((next) => setImmediate(next));
    await this.write();
  }

  /** Never rejects. */
  private async write(): Promise<void> {
    try {
      for (let batch = this.waiting[0]; batch !== undefined; batch = this.waiting[0]) {
        this.inHand = batch;
        this.unwritten ??= this.chained(batch.records);
        await this.journal.append(this.unwritten, batch.needsSync);
        this.unwritten = undefined;
        this.waiting.shift();
        this.waitingRecords -= batch.records.length;
        if (this.failure !== undefined) this.mend();
        batch.written?.resolve();
        this.onChange('written');
      }
    } catch (error) {
      this.fail(error as Error);
    } finally {
      this.running = undefined;
      this.inHand = undefined;
    }
  }

  private chained(records: readonly AuditRecord[]): Buffer {
    let text = '';
    for (const record of records) {
      const chained = this.link(record);
      this.last = chained;
      text += lineOf(chained);
    }
    return Buffer.from(text);
  }

  private link(record: AuditRecord): ChainedRecord {
    const { instance, last } = this;
    try {
      return chain(record, instance, last.seq + 1, last.hash);
    } catch {
      // A detail that is no JSON must not stop every record after it.
      return chain({ ...record, details: { unreadable: true } }, instance, last.seq + 1, last.hash);
    }
  }

  private fail(error: Error): void {
    const isNew = this.failure === undefined;
    this.failure = error;
    for (const { written } of this.waiting) written?.reject(error);
    if (isNew) this.onChange('failed');
    this.retryTimer = setTimeout(() => (this.running ??= this.write()), this.settings.retryAfterMs).unref();
  }

  private mend(): void {
    this.failure = undefined;
    this.onChange('mended');
  }
}
