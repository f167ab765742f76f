import type { AuditHead, SignedHead } from '../chain/audit-head.js';
import type { ChainedRecord } from '../chain/chained-record.js';
import type { SigningKey } from '../chain/signing-key.js';
import type { AnchorFiles } from '../journal/anchor-files.js';
import type { DurableAuditSettings } from './durable-audit.settings.js';

/** Signs heads of one instance's chain as it grows in the database, and remembers the newest beside the journal. */
export class HeadKeeper {
  /** The newest record that is stored. */
  private stored?: Pick<ChainedRecord, 'seq' | 'hash'>;
  private signedSeq = 0;
  private signedAt: number;

  constructor(
    private readonly instance: string,
    private readonly key: SigningKey,
    private readonly anchors: AnchorFiles,
    private readonly settings: DurableAuditSettings,
    private readonly now: () => number,
  ) {
    this.signedAt = now();
  }

  /** Milliseconds until a head is due; undefined while everything stored is signed. */
  get dueInMs(): number | undefined {
    const { stored, signedSeq, settings } = this;
    if (stored === undefined || stored.seq === signedSeq) return undefined;
    return Math.max(0, settings.headEveryMs - this.sinceSignedMs());
  }

  /** The head to store together with a record, if one is due there. */
  dueAt({ seq, hash }: ChainedRecord): SignedHead | undefined {
    const { signedSeq, settings } = this;
    const isDue = seq - signedSeq >= settings.headEveryRecords || this.sinceSignedMs() >= settings.headEveryMs;
    return isDue ? this.sign({ seq, hash }, 'periodic') : undefined;
  }

  /** A head for all that is stored; undefined where nothing is, or one of the kind was signed already. */
  current(kind: AuditHead['kind']): SignedHead | undefined {
    const { stored } = this;
    if (stored === undefined || (kind === 'periodic' && stored.seq === this.signedSeq)) return undefined;
    return this.sign(stored, kind);
  }

  hasStored(record: Pick<ChainedRecord, 'seq' | 'hash'>): void {
    this.stored = record;
  }

  /** A head is in the database. */
  async hasSigned(head: SignedHead): Promise<void> {
    this.signedSeq = head.seq;
    this.signedAt = head.at;
    // Without it the database is believed about its end. A full disk must not keep the journal from being shipped.
    await this.anchors.write(head).catch(() => undefined);
  }

  /** A clock that was put back is no reason to wait. */
  private sinceSignedMs(): number {
    const elapsedMs = this.now() - this.signedAt;
    return elapsedMs < 0 ? Infinity : elapsedMs;
  }

  private sign({ seq, hash }: Pick<ChainedRecord, 'seq' | 'hash'>, kind: AuditHead['kind']): SignedHead {
    return this.key.sign({ instance: this.instance, seq, kind, at: Math.trunc(this.now()), hash });
  }
}
