import { IntrinsicException } from '@nestjs/common';
import { CODES, type ErrorCode } from './error-code.js';

export interface ErrorFacts {
  /** Overrides the table's answer, e.g. a timeout of a write is not retryable. */
  readonly retryable?: boolean;
  /** Milliseconds after which a retry makes sense. */
  readonly retryAfterMs?: number;
  /** What the caller can do about it, one sentence, safe to show. */
  readonly hint?: string;
  /** What happened underneath; goes to the log only. */
  readonly cause?: unknown;
}

/**
 * The base of every operational failure. `message` is safe to show to a caller: no path of the
 * machine, no secret, no stack; what is not safe travels as `cause`. Intrinsic, so that Nest does not log a refusal
 * as if it were a defect.
 */
export class ServerError extends IntrinsicException {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'ServerError';
    this.code = code;
    this.retryable = facts.retryable ?? CODES[code].retryable;
    this.retryAfterMs = facts.retryAfterMs;
    this.hint = facts.hint;
  }
}
