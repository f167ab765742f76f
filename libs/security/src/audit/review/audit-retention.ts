import type { OnModuleDestroy } from '@nestjs/common';
import type { SqlDatabase } from '@app/storage';
import type { AppLog } from '@app/logging';
import type { SigningKey } from '../chain/signing-key.js';
import { TrustedKeys } from '../chain/trusted-keys.js';
import { type AuditRow, GENESIS } from '../chain/chained-record.js';
import { AuditTable } from '../durable/audit-table.js';
import type { SecurityEvents } from '../security-events.js';
import { judgeRow } from './row-flaw.js';

const DAY_MS = 86_400_000;
const PAGE = 500;
/** An erasure outlives what it covers, also where clocks differ. */
const ERASURE_GRACE_MS = 7 * DAY_MS;
const MAX_CUTS = 500;

/** Where the chain begins that is left, and what stopped the removal before its time. */
interface Cut {
  readonly last?: AuditRow;
  readonly isStopped: boolean;
  readonly flawAt?: number;
}

/**
 * Removes records that are older than they may be: from the beginning of each chain, and with a signed statement of
 * where it begins from then on. Records that are not what was chained stop it: nobody gets his traces removed.
 */
export class AuditRetention implements OnModuleDestroy {
  private readonly end = new AbortController();
  private timer?: NodeJS.Timeout;
  private running?: Promise<unknown>;
  private readonly table: AuditTable;

  /** @param now milliseconds since 1970 */
  constructor(
    database: SqlDatabase,
    private readonly key: Pick<SigningKey, 'sign' | 'publicKey'>,
    private readonly events: SecurityEvents,
    private readonly log: Pick<AppLog, 'error'>,
    private readonly now: () => number = Date.now,
  ) {
    this.table = new AuditTable(database);
  }

  /** Applies it now and again, until the end of the application. A failure is made up for by the next time. */
  repeat(retentionDays: number, everyMs = 6 * 3_600_000): void {
    const again = (): void => {
      this.running ??= this.apply(retentionDays, this.end.signal)
        .catch((err: unknown) => {
          if (!this.end.signal.aborted) this.log.error('old records of the audit could not be removed', { err });
        })
        .finally(() => (this.running = undefined));
    };
    clearInterval(this.timer);
    this.timer = setInterval(again, everyMs).unref();
    again();
  }

  /** Before the audit ends: what was removed is recorded there. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.end.abort();
    await this.running;
  }

  /** @returns how many records were removed @throws ServerError when the database does not answer */
  async apply(retentionDays: number, signal?: AbortSignal): Promise<number> {
    const before = this.now() - retentionDays * DAY_MS;
    let removed = 0;
    let instance: string | undefined = '';
    while ((instance = await this.table.nextInstance(instance)) !== undefined)
      removed += await this.cutInstance(instance, before, signal);
    return removed;
  }

  private async cutInstance(instance: string, before: number, signal?: AbortSignal): Promise<number> {
    const known = await this.newestCut(instance);
    let { seq, hash } = known;
    let removed = 0;
    for (;;) {
      signal?.throwIfAborted();
      const rows = await this.table.page(instance, seq, PAGE);
      const { last, isStopped, flawAt } = cutOf(rows, { seq, hash }, before);
      if (flawAt !== undefined)
        this.log.error('the audit keeps old records: they are not as they were recorded', { instance, seq: flawAt });
      if (last === undefined) break;
      ({ seq, hash } = last);
      const at = Math.trunc(this.now());
      removed += await this.table.cut(this.key.sign({ instance, seq, kind: 'cut', at, hash }));
      if (isStopped || rows.length < PAGE) break;
    }
    if (removed > 0) await this.events.record({ operation: 'retention', details: { instance, seq, records: removed } });
    return removed;
  }

  private async newestCut(instance: string): Promise<{ seq: number; hash: string }> {
    const own = new TrustedKeys([this.key.publicKey]);
    const cuts = await this.table.cuts(instance, MAX_CUTS);
    // What others have signed only who has their keys can judge.
    return cuts.find((cut) => own.judge(cut) !== 'bad signature') ?? { seq: 0, hash: GENESIS };
  }
}

/** How far a page of records can go. */
function cutOf(rows: readonly AuditRow[], { seq, hash }: { seq: number; hash: string }, before: number): Cut {
  let last: AuditRow | undefined;
  for (const row of rows) {
    const { facts, flaw } = judgeRow(row);
    const isNext = row.seq === (last?.seq ?? seq) + 1 && row.prev === (last?.hash ?? hash);
    if (flaw !== undefined || !isNext || facts === undefined) return { last, isStopped: true, flawAt: row.seq };
    const isErasure = facts.kind === 'security' && facts.operation === 'erasure';
    if (facts.at >= (isErasure ? before - ERASURE_GRACE_MS : before)) return { last, isStopped: true };
    last = row;
  }
  return { last, isStopped: false };
}
