import type { ErrorCode } from '@app/mcp';

/**
 * `intent` is written before the effect of a call that changes something, `outcome` when the caller is answered, and
 * `late_outcome` when a change went on after that and has ended. A `summary` stands for `count` refusals of one caller
 * and operation that were too many to be recorded one by one.
 */
export interface AuditRecord {
  readonly phase: 'intent' | 'outcome' | 'late_outcome' | 'summary';
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly callId: string;
  readonly kind: string;
  /** Name of the tool, prompt or list; `unknown` where no such thing exists. */
  readonly operation: string;
  readonly risk: string;
  readonly tenant: string;
  readonly subject: string;
  /** sha256 of the arguments as JSON, hex; empty in a summary. */
  readonly inputDigest: string;
  /** How it ended; absent on an intent. */
  readonly decision?: 'success' | 'input_required' | 'handed_off' | 'unknown_operation' | 'protocol_error' | ErrorCode;
  readonly durationMs?: number;
  /** How many calls a summary stands for. */
  readonly count?: number;
  /** `stage: decision` for every decision other than to let the call pass, in order; absent where there was none. */
  readonly notes?: readonly string[];
}
