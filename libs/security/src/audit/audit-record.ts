import type { CallerProof, ErrorCode } from '@app/mcp';

/**
 * `intent` is written before the effect of a call that changes something, `outcome` when the caller is answered, and
 * `late_outcome` when a change went on after that and has ended. A `summary` stands for `count` refusals of one caller
 * and operation that were too many to be recorded one by one. An `event` is no call: a key was created, a policy
 * changed, somebody could not prove who he is.
 */
export interface AuditRecord {
  readonly phase: 'intent' | 'outcome' | 'late_outcome' | 'summary' | 'event';
  /** Milliseconds since 1970, UTC. */
  readonly at: number;
  readonly callId: string;
  /** `tool`, `prompt` …; `security` for an event. */
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
  /** Services that act for the subject, outermost last. */
  readonly actors?: readonly string[];
  /** How the caller proved who he is. */
  readonly via?: CallerProof;
  readonly transport?: 'http' | 'stdio';
  /** Of the protocol. */
  readonly era?: 'modern' | 'legacy';
  /** The arguments as JSON text, secrets and declared data classes already out of it; cut where it is long. */
  readonly arguments?: string;
  /** Names the policy the decision was made by. */
  readonly policyVersion?: string;
  /** Of the W3C trace the call belongs to, hex. */
  readonly traceId?: string;
  /** Of the caller, as the edge knows it. */
  readonly address?: string;
  /** Why, in words that name no person. */
  readonly reason?: string;
  /** What an event is about. Nothing personal: unlike `subject`, `actors`, `address` and `arguments` it cannot be erased. */
  readonly details?: Readonly<Record<string, unknown>>;
}
