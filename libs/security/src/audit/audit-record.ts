import type { ErrorCode } from '@app/mcp';

/**
 * `intent` is written before the effect of a call that changes something, `outcome` when the caller is answered, and
 * `late_outcome` when a change went on after that and has ended.
 */
export interface AuditRecord {
  readonly phase: 'intent' | 'outcome' | 'late_outcome';
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly callId: string;
  readonly kind: string;
  /** Name of the tool, prompt or list; `unknown` where no such thing exists. */
  readonly operation: string;
  readonly risk: string;
  readonly tenant: string;
  readonly subject: string;
  /** sha256 of the arguments as JSON, hex. */
  readonly inputDigest: string;
  /** How it ended; absent on an intent. */
  readonly decision?: 'success' | 'input_required' | 'handed_off' | 'unknown_operation' | ErrorCode;
  readonly durationMs?: number;
}
