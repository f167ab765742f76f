import type { SqlDatabase } from '@app/storage';
import type { SignedHead } from '../chain/audit-head.js';
import { TrustedKeys } from '../chain/trusted-keys.js';
import { AuditTable } from '../durable/audit-table.js';
import { notedHeads, type NotedHead } from '../durable/head-notes.js';
import type { AuditFinding } from './audit-finding.js';
import { erasedIn } from './erased-records.js';
import { InstanceReview } from './instance-review.js';
import type { JudgedRow } from './row-flaw.js';
import { SeqRanges } from './seq-ranges.js';

const MAX_FINDINGS = 1_000;
const UNSIGNED_GRACE_MS = 120_000;

export interface VerifyOptions {
  /** PEM. From somewhere else than the database: whoever can write that could otherwise sign what he wrote. */
  readonly publicKeys: readonly string[];
  /** Heads known from elsewhere, such as those that the server keeps beside its journal. */
  readonly anchors?: readonly SignedHead[];
  /** Milliseconds since 1970. */
  readonly now?: number;
  /** How old a record may be without being signed. */
  readonly unsignedGraceMs?: number;
  /** No more are told. */
  readonly maxFindings?: number;
  readonly signal?: AbortSignal;
}

export interface AuditVerdict {
  readonly instances: number;
  readonly records: number;
  readonly heads: number;
  readonly findings: readonly AuditFinding[];
  /** There are more findings than were asked for. */
  readonly isCut: boolean;
}

/**
 * Follows the chain of every instance from its beginning to its end and names everything that is not as it was
 * recorded. Reads in bounded pages; may run while the server writes.
 * @throws ServerError when the database does not answer; the signal's reason
 */
export async function verifyAudit(database: SqlDatabase, options: VerifyOptions): Promise<AuditVerdict> {
  return new Verification(new AuditTable(database), options).run();
}

class Verification {
  private readonly findings: AuditFinding[] = [];
  private readonly reviews = new Map<string, InstanceReview>();
  /** The furthest head of each instance that others speak of. */
  private readonly noted = new Map<string, NotedHead>();
  private readonly erased = new Map<string, SeqRanges>();
  /** Records without a personal part. */
  private readonly bare = new Map<string, SeqRanges>();
  private readonly keys: TrustedKeys;
  private isCut = false;

  constructor(
    private readonly table: AuditTable,
    private readonly options: VerifyOptions,
  ) {
    this.keys = new TrustedKeys(options.publicKeys);
    for (const anchor of options.anchors ?? []) if (this.isGood(anchor)) this.note(anchor);
  }

  async run(): Promise<AuditVerdict> {
    let instance: string | undefined = '';
    while ((instance = await this.table.nextInstance(instance)) !== undefined) await this.review(instance);
    for (const noted of this.noted.values()) await this.checkNoted(noted);
    this.checkBare();
    const reviews = [...this.reviews.values()];
    return {
      instances: reviews.length,
      records: reviews.reduce((sum, { records }) => sum + records, 0),
      heads: reviews.reduce((sum, { heads }) => sum + heads, 0),
      findings: this.findings,
      isCut: this.isCut,
    };
  }

  private async review(instance: string): Promise<void> {
    const { now = Date.now(), unsignedGraceMs = UNSIGNED_GRACE_MS, signal } = this.options;
    const review = new InstanceReview(instance, {
      table: this.table,
      keys: this.keys,
      signedBefore: now - unsignedGraceMs,
      report: (finding) => this.report(finding),
      onSound: (judged) => this.hear(judged),
      goOn: () => signal?.throwIfAborted(),
    });
    this.reviews.set(instance, review);
    await review.run();
  }

  /** What a record says about other records. */
  private hear({ row, facts }: JudgedRow): void {
    if (row.personal === null) rangesOf(this.bare, row.instance).add(row.seq);
    if (facts?.kind !== 'security') return;
    if (facts.operation === 'audit_heads') notedHeads(facts.details).forEach((head) => this.note(head));
    if (facts.operation !== 'erasure') return;
    for (const [instance, seqs] of erasedIn(facts.details)) rangesOf(this.erased, instance).addAll(seqs);
  }

  private note(head: NotedHead): void {
    if (head.seq > (this.noted.get(head.instance)?.seq ?? 0)) this.noted.set(head.instance, head);
  }

  private isGood(head: SignedHead): boolean {
    const judgement = this.keys.judge(head);
    if (judgement !== 'good') this.report({ ...placeOf(head), what: judgement, detail: 'head from elsewhere' });
    return judgement === 'good';
  }

  private async checkNoted(head: NotedHead): Promise<void> {
    const review = this.reviews.get(head.instance);
    if (review === undefined || review.lastSeq === 0) {
      this.report({ ...placeOf(head), seq: 1, untilSeq: head.seq, what: 'missing instance', detail: 'others know it' });
      return;
    }
    if (head.seq <= review.cutSeq) return;
    const [row] = await this.table.page(head.instance, head.seq - 1, 1);
    if (row?.seq !== head.seq) {
      // A gap was found already.
      if (head.seq <= review.lastSeq) return;
      const untilSeq = head.seq;
      const detail = 'others know that there was more';
      this.report({ ...placeOf(head), seq: review.lastSeq + 1, untilSeq, what: 'removed', detail });
    } else if (row.hash !== head.hash)
      this.report({ ...placeOf(head), callId: row.callId, what: 'head mismatch', detail: 'others know another chain' });
  }

  private checkBare(): void {
    for (const [instance, seqs] of this.bare)
      for (const seq of seqs)
        if (this.erased.get(instance)?.has(seq) !== true)
          this.report({ instance, seq, what: 'personal removed', detail: 'no erasure covers it' });
  }

  private report(finding: AuditFinding): void {
    if (this.findings.length < (this.options.maxFindings ?? MAX_FINDINGS)) this.findings.push(finding);
    else this.isCut = true;
  }
}

const placeOf = ({ instance, seq }: NotedHead): Pick<AuditFinding, 'instance' | 'seq'> => ({ instance, seq });

function rangesOf(all: Map<string, SeqRanges>, instance: string): SeqRanges {
  let ranges = all.get(instance);
  if (ranges === undefined) all.set(instance, (ranges = new SeqRanges()));
  return ranges;
}
