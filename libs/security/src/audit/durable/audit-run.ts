import type { AppLog } from '@app/logging';
import { ServerError } from '@app/mcp';
import type { SqlDatabase } from '@app/storage';
import type { AuditRecord } from '../audit-record.js';
import { SigningKey } from '../chain/signing-key.js';
import { AnchorFiles } from '../journal/anchor-files.js';
import { InstanceLock } from '../journal/instance-lock.js';
import { Journal } from '../journal/journal.js';
import type { SecurityEvents } from '../security-events.js';
import { AuditShipper } from './audit-shipper.js';
import { AuditTable } from './audit-table.js';
import type { DurableAuditSettings } from './durable-audit.settings.js';
import { HeadKeeper } from './head-keeper.js';
import { HeadNotes } from './head-notes.js';
import { JournalWriter } from './journal-writer.js';
import { Leftovers, type Recovered } from './leftovers.js';

interface Surroundings {
  readonly database: SqlDatabase;
  readonly folder: string;
  readonly instance: string;
  readonly settings: DurableAuditSettings;
  readonly log: Pick<AppLog, 'info' | 'warn' | 'error'>;
  readonly events: SecurityEvents;
  readonly now: () => number;
}

/** An audit at work, from its start to its end: journal, shipper, and what keeps them within their bounds. */
export class AuditRun {
  private readonly table: AuditTable;
  private readonly anchors: AnchorFiles;
  private readonly journal: Journal;
  private readonly writer: JournalWriter;
  private readonly leftovers: Leftovers;
  private readonly shipper: AuditShipper;
  private readonly notes: HeadNotes;
  private noting?: Promise<void>;
  private lock?: InstanceLock;
  private noteTimer?: NodeJS.Timeout;
  private isFull = false;
  private isClosing = false;
  /** Since when something waits for the database, monotonic. */
  private waitsSince?: number;

  private constructor(
    private readonly around: Surroundings,
    readonly key: SigningKey,
  ) {
    const { database, folder, instance, settings, events, now } = around;
    this.table = new AuditTable(database);
    this.anchors = new AnchorFiles(folder);
    this.journal = new Journal(folder, instance, settings.segmentBytes);
    this.writer = new JournalWriter(this.journal, instance, settings, (change) => this.changed(change));
    const heads = new HeadKeeper(instance, key, this.anchors, settings, now);
    const onRecovered = (recovered: Recovered): void => this.recovered(recovered);
    this.leftovers = new Leftovers(folder, instance, this.table, key, settings, now, onRecovered);
    this.shipper = new AuditShipper(this.journal, this.table, heads, this.leftovers, settings, {
      onStored: () => this.stored(),
      onReached: () => this.noteHeads(),
      onLost: (err) => around.log.error('the audit cannot be stored; its journal takes it meanwhile', { err }),
    });
    this.notes = new HeadNotes(instance, key, this.table, this.anchors, events);
  }

  static async start(around: Surroundings): Promise<AuditRun> {
    const run = new AuditRun(around, await SigningKey.open(around.folder));
    await run.leftovers.find();
    run.lock = await InstanceLock.take(around.folder, around.instance);
    run.noteTimer = setInterval(() => run.noteHeads(), around.settings.noteHeadsEveryMs).unref();
    return run;
  }

  get backlogBytes(): number {
    return this.journal.backlogBytes + this.leftovers.bytes;
  }
  get waitingRecords(): number {
    return this.writer.waitingCount;
  }
  get unshippedRecords(): number {
    return this.writer.seq + this.writer.waitingCount - this.shipper.storedCount;
  }
  get lagMs(): number {
    return this.waitsSince === undefined ? 0 : performance.now() - this.waitsSince;
  }
  get isWritable(): boolean {
    return this.writer.failure === undefined && this.backlogBytes < this.around.settings.maxBacklogBytes;
  }

  /** @throws ServerError POLICY_UNAVAILABLE */
  take(record: AuditRecord): void | Promise<void> {
    this.checkRoom(record);
    try {
      return this.writer.add(record)?.catch(refuse);
    } catch (cause) {
      return refuse(cause);
    }
  }

  async settle(): Promise<void> {
    await this.ship();
    await this.noting;
  }

  turnOver(): void {
    this.journal.turnOver();
  }

  /** @returns how many records are lost */
  async close(): Promise<number> {
    const { log, settings } = this.around;
    clearInterval(this.noteTimer);
    // The database may be reached for the first time while the last records are shipped: too late for notes.
    this.isClosing = true;
    this.shipper.endBy(AbortSignal.timeout(settings.closeTimeoutMs));
    await this.noting;
    const lost = await this.writer.close();
    if (lost > 0) log.error('audit records are lost: the journal could not be written', { records: lost });
    try {
      await this.shipper.close();
    } catch (err) {
      log.warn('the audit leaves its journal to the next start', { err, bytes: this.backlogBytes });
    }
    await this.journal.close();
    await this.lock?.release();
    return lost;
  }

  /** How a change ended has some room that its beginning has not. */
  private checkRoom({ phase, risk }: AuditRecord): void {
    const { maxBacklogBytes } = this.around.settings;
    const isEnd = risk !== 'read' && phase !== 'intent';
    const isFull = this.backlogBytes >= (isEnd ? (maxBacklogBytes * 9) / 8 : maxBacklogBytes);
    if (!isFull) return;
    if (!this.isFull) this.around.log.error('the journal of the audit is full; calls are refused');
    this.isFull = true;
    throw new ServerError('POLICY_UNAVAILABLE', 'The audit is full.', {
      retryAfterMs: this.around.settings.retryAfterMs,
    });
  }

  private changed(change: 'written' | 'failed' | 'mended'): void {
    const { log } = this.around;
    this.waitsSince ??= performance.now();
    if (change === 'written') this.shipper.wake();
    else if (change === 'mended') log.info('the journal of the audit can be written again');
    else log.error('the journal of the audit cannot be written; calls are refused', { err: this.writer.failure });
  }

  private stored(): void {
    this.waitsSince = this.journal.backlogBytes === 0 ? undefined : performance.now();
    if (!this.isFull || !this.isWritable) return;
    this.isFull = false;
    this.around.log.info('the audit takes records again');
  }

  private recovered({ instance, ...found }: Recovered): void {
    const { log, events } = this.around;
    const isHarmed = found.tornLines + found.damagedLines > 0;
    log[isHarmed ? 'warn' : 'info']('stored the audit journal of a process that had died', { instance, ...found });
    void this.inBackground(() => events.record({ operation: 'audit_recovered', details: { instance, ...found } }));
  }

  private noteHeads(): void {
    if (this.isClosing) return;
    this.noting ??= this.inBackground(async () => {
      const noted = await this.notes.note();
      await this.ship();
      // From here on this instance vouches for them, and its own anchor for it.
      for (const { instance } of noted)
        if (!(await InstanceLock.isHeld(this.around.folder, instance))) await this.anchors.remove(instance);
      await this.leftovers.find();
    }).finally(() => (this.noting = undefined));
  }

  private async ship(): Promise<void> {
    await this.writer.flush();
    await this.shipper.settle();
  }

  private inBackground(work: () => Promise<unknown>): Promise<void> {
    const warn = (err: unknown): void => this.around.log.warn('the audit could not note what it wanted to', { err });
    return work().then(() => undefined, warn);
  }
}

function refuse(cause: unknown): never {
  throw new ServerError('POLICY_UNAVAILABLE', 'The audit cannot be written.', { cause });
}
