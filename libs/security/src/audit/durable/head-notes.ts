import type { AuditHead, SignedHead } from '../chain/audit-head.js';
import { isInstanceId } from '../chain/instance-id.js';
import type { SigningKey } from '../chain/signing-key.js';
import { TrustedKeys } from '../chain/trusted-keys.js';
import type { AnchorFiles } from '../journal/anchor-files.js';
import type { SecurityEvents } from '../security-events.js';
import type { AuditTable } from './audit-table.js';

/** Instances noted at once: so many newer ones then vouch for each that has ended. */
const MAX_NOTED = 100;
/** Sorts after every instance: their names are hex. */
const AFTER_ALL = 'g';

/** What one instance says about another: it had come at least so far. */
export type NotedHead = Pick<AuditHead, 'instance' | 'seq' | 'hash'>;

/**
 * Notes the heads of other instances in the chain of this one, so that neither a whole instance nor the end of one can
 * be taken out of the database without being missed.
 */
export class HeadNotes {
  private readonly ownKey: TrustedKeys;

  constructor(
    private readonly instance: string,
    key: SigningKey,
    private readonly table: AuditTable,
    private readonly anchors: AnchorFiles,
    private readonly events: SecurityEvents,
  ) {
    this.ownKey = new TrustedKeys([key.publicKey]);
  }

  /** @returns what was noted, once it is recorded */
  async note(): Promise<readonly NotedHead[]> {
    const heads = new Map<string, SignedHead>();
    // What this machine remembers may be more than what the database still has.
    for (const head of [...(await this.newestHeads()), ...(await this.anchors.read())])
      if (head.instance !== this.instance && this.isCredible(head) && head.seq > (heads.get(head.instance)?.seq ?? 0))
        heads.set(head.instance, head);
    const noted = [...heads.values()].map(({ instance, seq, hash }) => ({ instance, seq, hash }));
    if (noted.length > 0) await this.events.record({ operation: 'audit_heads', details: { heads: noted } });
    return noted;
  }

  /** What others have signed only who has their keys can judge. */
  private isCredible(head: SignedHead): boolean {
    return isInstanceId(head.instance) && this.ownKey.judge(head) !== 'bad signature';
  }

  private async newestHeads(): Promise<SignedHead[]> {
    const heads: SignedHead[] = [];
    let before: string | undefined = AFTER_ALL;
    for (let seen = 0; seen < MAX_NOTED; seen++) {
      before = await this.table.previousInstance(before);
      if (before === undefined) break;
      const head = await this.table.newestHead(before);
      if (head !== undefined) heads.push(head);
    }
    return heads;
  }
}

/** The heads a record of {@link HeadNotes} holds. */
export function notedHeads(details: Readonly<Record<string, unknown>> | undefined): NotedHead[] {
  const heads = details?.['heads'];
  return Array.isArray(heads) ? heads.filter(isNotedHead) : [];
}

const isNotedHead = (head: unknown): head is NotedHead => {
  const { instance, seq, hash } = (head ?? {}) as Partial<NotedHead>;
  return typeof instance === 'string' && typeof hash === 'string' && Number.isSafeInteger(seq);
};
