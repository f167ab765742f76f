/**
 * A signed statement that the chain of an instance had `hash` at `seq`. `periodic` while it grows, `end` after its last
 * record, `cut` for the last record that retention removed.
 */
export interface AuditHead {
  readonly instance: string;
  readonly seq: number;
  readonly kind: 'periodic' | 'end' | 'cut';
  /** When it was signed, milliseconds since 1970. */
  readonly at: number;
  readonly hash: string;
}

export interface SignedHead extends AuditHead {
  /** Ed25519 over {@link headText}, base64url. */
  readonly signature: string;
  readonly keyId: string;
}

export const headText = ({ instance, seq, kind, at, hash }: AuditHead): Buffer =>
  Buffer.from(JSON.stringify(['mcp-software-engineer audit head', instance, seq, kind, at, hash]));
