import { readLine } from '../journal/journal-line.js';
import type { Journal } from '../journal/journal.js';
import type { AuditHead } from '../chain/audit-head.js';
import type { AuditTable } from './audit-table.js';
import type { DurableAuditSettings } from './durable-audit.settings.js';
import type { HeadKeeper } from './head-keeper.js';
import type { Leftovers } from './leftovers.js';

/** What became of an attempt to ship. */
export interface ShipperEvents {
  /** Some of it is stored. */
  readonly onStored: () => void;
  /** Everything there was is stored, for the first time or again. */
  readonly onReached: () => void;
  /** The first of perhaps many failures in a row. */
  readonly onLost: (error: unknown) => void;
}

/** Moves what the journal holds into the database, in batches, off the path of any call, and signs its heads. */
export class AuditShipper {
  /** Records stored by this process, of its own instance. */
  storedCount = 0;
  private timer?: NodeJS.Timeout;
  private timerAt = Infinity;
  private tail: Promise<void> = Promise.resolve();
  private isReached = false;
  private isLost = false;
  private end?: AbortSignal;

  constructor(
    private readonly journal: Journal,
    private readonly table: AuditTable,
    private readonly heads: HeadKeeper,
    private readonly leftovers: Leftovers,
    private readonly settings: DurableAuditSettings,
    private readonly events: ShipperEvents,
  ) {}

  /** Something was written. */
  wake(): void {
    if (!this.isLost) this.schedule(this.settings.shipAfterMs);
  }

  /** Ships all there is now and signs it. @throws what the database throws */
  settle(): Promise<void> {
    return this.inTurn(async () => {
      await this.ship();
      await this.signRest('periodic');
    });
  }

  /** From here on nothing is shipped by itself, and nothing after the signal. */
  endBy(end: AbortSignal): void {
    this.end = end;
    clearTimeout(this.timer);
  }

  /** Ships all there is for the last time. @throws what the database throws, or the reason of the end */
  close(): Promise<void> {
    return this.inTurn(async () => {
      await this.ship();
      this.goOn();
      await this.signRest('end');
    });
  }

  /** One attempt at a time. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const attempt = this.tail.then(work);
    this.tail = attempt.then(
      () => this.reached(),
      (error: unknown) => this.lost(error),
    );
    return attempt;
  }

  private schedule(afterMs: number): void {
    const at = performance.now() + afterMs;
    if (this.end !== undefined || at >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => this.tick(), afterMs).unref();
  }

  private tick(): void {
    this.timerAt = Infinity;
    // A failure has been told and a next attempt arranged already.
    this.inTurn(async () => {
      await this.ship();
      if (this.heads.dueInMs === 0) await this.signRest('periodic');
    }).catch(() => undefined);
  }

  private readonly goOn = (): void => this.end?.throwIfAborted();

  private async ship(): Promise<void> {
    await this.leftovers.ship(this.goOn);
    for (;;) {
      this.goOn();
      const next = await this.journal.next(this.settings.shipBytes);
      if (next === undefined) return;
      const records = next.lines.map(readLine).filter((record) => record !== undefined);
      const last = records.at(-1);
      const head = last === undefined ? undefined : this.heads.dueAt(last);
      await this.table.store(records, head);
      if (last !== undefined) this.heads.hasStored(last);
      if (head !== undefined) await this.heads.hasSigned(head);
      this.storedCount += records.length;
      await this.journal.moveOn(next);
      this.events.onStored();
    }
  }

  private async signRest(kind: AuditHead['kind']): Promise<void> {
    const head = this.heads.current(kind);
    if (head === undefined) return;
    await this.table.store([], head);
    await this.heads.hasSigned(head);
  }

  private reached(): void {
    this.isLost = false;
    const { dueInMs } = this.heads;
    if (dueInMs !== undefined) this.schedule(dueInMs);
    if (this.journal.backlogBytes > 0) this.wake();
    if (this.isReached) return;
    this.isReached = true;
    this.events.onReached();
  }

  private lost(error: unknown): void {
    this.isReached = false;
    if (!this.isLost) this.events.onLost(error);
    this.isLost = true;
    this.schedule(this.settings.retryAfterMs);
  }
}
