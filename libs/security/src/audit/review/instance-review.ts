import type { SignedHead } from '../chain/audit-head.js';
import { type AuditRow, GENESIS } from '../chain/chained-record.js';
import type { TrustedKeys } from '../chain/trusted-keys.js';
import type { AuditTable } from '../durable/audit-table.js';
import type { AuditFinding, AuditFlaw } from './audit-finding.js';
import { judgeRow, type JudgedRow } from './row-flaw.js';

const PAGE = 500;

export interface ReviewContext {
  readonly table: AuditTable;
  readonly keys: TrustedKeys;
  /** A record older than this, milliseconds since 1970, should be signed. */
  readonly signedBefore: number;
  readonly report: (finding: AuditFinding) => void;
  /** Told of every record whose content is what was chained. */
  readonly onSound: (judged: JudgedRow) => void;
  /** Throws to stop. */
  readonly goOn: () => void;
}

type Link = Pick<AuditRow, 'seq' | 'hash'> & { readonly isSound: boolean; readonly callId?: string };

/** Follows the chain of one instance from its beginning, or from where retention has cut it, to its end. */
export class InstanceReview {
  records = 0;
  heads = 0;
  /** The newest record that was removed by retention. */
  cutSeq = 0;
  private last: Link = { seq: 0, hash: GENESIS, isSound: true };
  private signedSeq = 0;
  /** When the first record after the last good head was made. */
  private unsignedAt?: number;

  constructor(
    private readonly instance: string,
    private readonly context: ReviewContext,
  ) {}

  /** The number of the last record there is, or was before retention; 0 where there never was one. */
  get lastSeq(): number {
    return this.last.seq;
  }

  async run(): Promise<void> {
    if (await this.startAtCut()) await this.seeRestored();
    for (;;) {
      const before = this.last.seq;
      await this.seeRecords();
      const promised = await this.promisedSeq();
      if (promised <= this.last.seq) break;
      // What was written meanwhile may be there by now.
      if (this.last.seq > before) continue;
      this.report('removed', this.last.seq + 1, { untilSeq: promised }, 'a signed head says that there was more');
      break;
    }
    if (this.unsignedAt !== undefined && this.unsignedAt < this.context.signedBefore)
      this.report('unsigned tail', this.signedSeq + 1, { untilSeq: this.last.seq }, 'no head covers it');
  }

  /** @returns whether there is a cut further on than what was seen */
  private async startAtCut(): Promise<boolean> {
    for (const cut of await this.context.table.cuts(this.instance, PAGE)) {
      if (cut.seq <= this.last.seq) return false;
      if (!this.isCredible(cut)) continue;
      this.last = { seq: cut.seq, hash: cut.hash, isSound: true };
      this.cutSeq = this.signedSeq = cut.seq;
      return true;
    }
    return false;
  }

  private async seeRestored(): Promise<void> {
    const rows = await this.context.table.page(this.instance, 0, PAGE);
    for (const { seq, callId } of rows)
      if (seq <= this.cutSeq) this.report('restored', seq, { callId }, `the chain begins after ${this.cutSeq}`);
  }

  private async seeRecords(): Promise<void> {
    for (;;) {
      this.context.goOn();
      const rows = await this.context.table.page(this.instance, this.last.seq, PAGE);
      if (rows.length === 0) return;
      // Retention may be at work meanwhile.
      if (rows[0]!.seq > this.last.seq + 1 && (await this.startAtCut())) continue;
      const heads = await this.headsUpTo(rows.at(-1)!.seq);
      for (const row of rows) {
        const isSound = this.seeRow(row);
        for (const head of heads.get(row.seq) ?? []) this.seeHead(head, row, isSound);
      }
    }
  }

  /** @returns whether the record is what was chained there */
  private seeRow(row: AuditRow): boolean {
    this.records++;
    const { last } = this;
    const { seq, callId } = row;
    if (seq > last.seq + 1) {
      const untilSeq = seq - 1 > last.seq + 1 ? seq - 1 : undefined;
      this.report('removed', last.seq + 1, { untilSeq }, 'it is missing');
    }
    const judged = judgeRow(row);
    const { flaw, facts } = judged;
    const isSound = flaw === undefined || flaw.what === 'personal changed';
    if (flaw !== undefined) this.report(flaw.what, seq, { callId }, flaw.detail);
    if (isSound && last.isSound && seq === last.seq + 1 && row.prev !== last.hash) this.seeBrokenLink(row);
    if (isSound) this.context.onSound(judged);
    this.unsignedAt ??= facts?.at ?? row.at;
    this.last = { seq, hash: row.hash, isSound, callId };
    return isSound;
  }

  /** Both are consistent in themselves: the former was written anew. Before the first there is nothing to be so. */
  private seeBrokenLink({ seq, callId }: AuditRow): void {
    const { last } = this;
    if (last.seq === this.cutSeq) this.report('changed', seq, { callId }, 'it is not chained to what was before it');
    else this.report('changed', last.seq, { callId: last.callId }, 'the record after it was chained to another one');
  }

  private seeHead(head: SignedHead, row: AuditRow, isSound: boolean): void {
    if (!this.isCredible(head)) return;
    if (head.hash === row.hash) {
      this.signedSeq = row.seq;
      this.unsignedAt = undefined;
    } else if (isSound)
      this.report(
        'head mismatch',
        this.signedSeq + 1,
        { untilSeq: row.seq, callId: row.callId },
        'what was signed was another chain',
      );
  }

  private async headsUpTo(seq: number): Promise<Map<number, SignedHead[]>> {
    const heads = new Map<number, SignedHead[]>();
    let after = this.last.seq;
    for (;;) {
      const page = await this.context.table.headsAfter(this.instance, after, seq, PAGE);
      for (const head of page) heads.set(head.seq, [...(heads.get(head.seq) ?? []), head]);
      if (page.length < PAGE) return heads;
      after = page.at(-1)!.seq;
    }
  }

  /** The furthest record of which a credible head beyond the last record speaks. */
  private async promisedSeq(): Promise<number> {
    let promised = 0;
    for (const [seq, heads] of await this.headsUpTo(Number.MAX_SAFE_INTEGER))
      if (heads.some((head) => this.isCredible(head))) promised = seq;
    return promised;
  }

  private isCredible(head: SignedHead): boolean {
    this.heads++;
    const judgement = this.context.keys.judge(head);
    if (judgement === 'good') return true;
    this.report(judgement, head.seq, {}, `${head.kind} head, key ${head.keyId}`);
    return false;
  }

  private report(what: AuditFlaw, seq: number, more: Partial<AuditFinding>, detail: string): void {
    this.context.report({ what, instance: this.instance, seq, ...more, detail });
  }
}
