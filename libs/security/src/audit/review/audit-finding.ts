/**
 * What can be wrong. `changed`: a record is not what was chained. `removed`: a record is missing. `reordered`: a record
 * stands in the place of another. `restored`: a record stands where retention has removed what there was.
 * `personal changed` and `personal removed`: so was its personal part, the latter without an erasure. `bad signature`
 * and `unknown key`: a head proves nothing. `head mismatch`: a signed head says otherwise, so something from the last
 * good head up to here was written anew. `unsigned tail`: the end should have been signed by now. `missing instance`:
 * nothing is left of it.
 */
export type AuditFlaw =
  | 'changed'
  | 'removed'
  | 'reordered'
  | 'restored'
  | 'personal changed'
  | 'personal removed'
  | 'bad signature'
  | 'unknown key'
  | 'head mismatch'
  | 'unsigned tail'
  | 'missing instance';

/** Names what was found wrong. */
export interface AuditFinding {
  readonly what: AuditFlaw;
  readonly instance: string;
  /** The record, or the first of several. */
  readonly seq: number;
  /** The last of several. */
  readonly untilSeq?: number;
  /** Of the record that stands there, where there is one. */
  readonly callId?: string;
  readonly detail: string;
}
