import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { AppLog } from '@app/logging';
import { ServerError } from '@app/mcp';
import type { SqlDatabase } from '@app/storage';
import type { AuditRecord } from '../audit-record.js';
import { AuditSink } from '../audit-sink.js';
import { newInstanceId } from '../chain/instance-id.js';
import { SecurityEvents } from '../security-events.js';
import { AuditRun } from './audit-run.js';
import { DURABLE_AUDIT_DEFAULTS, type DurableAuditSettings } from './durable-audit.settings.js';

/** The folder of the audit within the data folder. */
export const auditFolder = (dataDir: string): string => join(dataDir, 'audit');

/**
 * The audit that lasts: records are chained, written to a journal beside the server, and from there stored in the
 * database. What changes something waits until its record is written, so that the death of the process loses nothing
 * that was acknowledged. What cannot be recorded is refused: when the journal cannot be written, and when the database
 * has been away for so long that the journal is full.
 */
export class DurableAudit extends AuditSink implements BeforeApplicationShutdown {
  /** Names this run of the process. */
  readonly instance: string;
  readonly events: SecurityEvents;
  readonly folder: string;
  private readonly settings: DurableAuditSettings;
  private run?: AuditRun;
  private closing?: Promise<void>;
  private eventCount = 0;
  private droppedCount = 0;

  /**
   * @param dataDir absolute; the audit makes a folder of its own in it
   * @param now milliseconds since 1970
   */
  constructor(
    private readonly database: SqlDatabase,
    dataDir: string,
    private readonly log: Pick<AppLog, 'info' | 'warn' | 'error'>,
    settings: Partial<DurableAuditSettings> = {},
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.settings = { ...DURABLE_AUDIT_DEFAULTS, ...settings };
    this.instance = newInstanceId(Math.trunc(now()));
    this.folder = auditFolder(dataDir);
    this.events = new SecurityEvents(this, () => `${this.instance}-${++this.eventCount}`, now);
  }

  /**
   * Takes records from here on. Journals that others left behind are shipped as soon as the database answers.
   * @throws Error when the folder cannot be used
   */
  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const { database, folder, instance, settings, log, events, now } = this;
    this.run = await AuditRun.start({ database, folder, instance, settings, log, events, now });
    await events.record({ operation: 'audit_started', details: { keyId: this.run.key.keyId } });
  }

  /** @throws ServerError POLICY_UNAVAILABLE when it cannot be recorded; a promise rejects with the same */
  override record(record: AuditRecord): void | Promise<void> {
    const { run } = this;
    if (run === undefined) throw new ServerError('POLICY_UNAVAILABLE', 'The audit takes no records.');
    return run.take(record);
  }

  /** Everything recorded so far is in the database, signed. @throws Error when it cannot be */
  settle(): Promise<void> {
    return this.started.settle();
  }

  /** The next record begins a new file of the journal, so that what was recorded so far goes from disk once stored. */
  turnOver(): void {
    this.started.turnOver();
  }

  /** Signs what retention and erasure need signed. */
  get key(): AuditRun['key'] {
    return this.started.key;
  }

  /** Writes and ships what there is, within a bounded time; what is not shipped then, the next start ships. */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  /** After those who have a last word to be recorded, before the database is closed. */
  beforeApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Bytes in journals that the database has not got. */
  get backlogBytes(): number {
    return this.run?.backlogBytes ?? 0;
  }
  /** Records that are in memory only. */
  get waitingRecords(): number {
    return this.run?.waitingRecords ?? 0;
  }
  /** Records of this instance that the database has not got. */
  get unshippedRecords(): number {
    return this.run?.unshippedRecords ?? 0;
  }
  /** For how long the database has not taken what waits for it; 0 while nothing waits. */
  get lagMs(): number {
    return this.run?.lagMs ?? 0;
  }
  /** Records taken and lost; anything but 0 is a defect or a broken disk. */
  get droppedRecords(): number {
    return this.droppedCount;
  }
  /** Whether the next record of a change would be taken. */
  get isWritable(): boolean {
    return this.run?.isWritable ?? false;
  }

  private get started(): AuditRun {
    if (this.run === undefined) throw new Error('the audit is not started, or closed');
    return this.run;
  }

  private async end(): Promise<void> {
    const { run } = this;
    if (run === undefined) return;
    // Who is told to end at the same time, and has a last word, is heard.
    await new Promise((next) => setImmediate(next));
    this.run = undefined;
    this.droppedCount = await run.close();
  }
}
