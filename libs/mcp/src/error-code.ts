/** What a caller can expect of a code when nothing more precise is known. */
export interface CodeTraits {
  /** Whether the same call can succeed later without being changed. */
  readonly retryable: boolean;
  /** Status given when the refusal happens at the HTTP edge, before a call is dispatched. */
  readonly edgeStatus?: number;
}

const no: CodeTraits = { retryable: false };
const yes: CodeTraits = { retryable: true };

/** Every code a call can end with, and its traits. The table is closed: a test walks it. */
export const CODES = {
  INVALID_ARGUMENT: no,
  NOT_FOUND: no,
  CONFLICT: no,
  PERMISSION: no,
  NOT_REGULAR_FILE: no,
  UNSUPPORTED_ENCODING: no,
  UNSUPPORTED_REGEX: no,
  PATH_OUTSIDE_WORKSPACE: no,
  SYMLINK_ESCAPE: no,
  PROTECTED_PATH: no,
  NOT_A_REPOSITORY: no,
  UNSAFE_GIT_CONFIG: no,
  RUNNER_NOT_FOUND: no,
  READ_ONLY_VIOLATION: no,
  CANNOT_DRY_RUN: no,
  CONNECTION_FAILED: yes,
  ADDRESS_BLOCKED: no,
  PORT_BLOCKED: no,
  TOO_MANY_REDIRECTS: no,
  TLS_ERROR: no,
  POLICY_DENIED: no,
  POLICY_UNAVAILABLE: no,
  FORBIDDEN: { retryable: false, edgeStatus: 403 },
  UNAUTHENTICATED: { retryable: false, edgeStatus: 401 },
  CONFIRMATION_REQUIRED: no,
  INVALID_PLAN: no,
  INVALID_CURSOR: no,
  IDEMPOTENCY_MISMATCH: no,
  IN_PROGRESS: yes,
  RATE_LIMITED: { retryable: true, edgeStatus: 429 },
  OVERLOADED: { retryable: true, edgeStatus: 503 },
  CIRCUIT_OPEN: yes,
  TIMEOUT: yes,
  CANCELLED: no,
  LIMIT: { retryable: false, edgeStatus: 413 },
  STUCK_LOOP: no,
  INTERNAL: { retryable: false, edgeStatus: 500 },
} as const satisfies Record<string, CodeTraits>;

export type ErrorCode = keyof typeof CODES;
