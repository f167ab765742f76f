/** Whose fault a failure is; decides whether a breaker counts it. */
export type Fault = 'caller' | 'dependency' | 'platform' | 'defect';

/** What makes the next call succeed. */
export type Recovery =
  'change the call' | 'read again' | 'retry later' | 'confirm' | 'ask the operator' | 'none needed';

/** What a caller can expect of a code when nothing more precise is known. */
export interface CodeTraits {
  /** When it is given, in a few words. */
  readonly when: string;
  readonly fault: Fault;
  readonly recovery: Recovery;
  /** Whether the same call can succeed later without being changed. */
  readonly retryable: boolean;
  /** Status given when the refusal happens at the HTTP edge, before a call is dispatched. */
  readonly edgeStatus?: number;
}

const caller = (when: string, recovery: Recovery = 'change the call'): CodeTraits => ({
  when,
  fault: 'caller',
  recovery,
  retryable: false,
});
const passing = (when: string, fault: Fault, edgeStatus?: number): CodeTraits => ({
  when,
  fault,
  recovery: 'retry later',
  retryable: true,
  edgeStatus,
});

const TABLE = {
  INVALID_ARGUMENT: caller('The arguments do not fit the schema, or a value breaks a rule.'),
  NOT_FOUND: caller("There is no such thing, or it is somebody else's."),
  CONFLICT: caller('The state is not the one the call was made for.', 'read again'),
  PERMISSION: caller('The operating system does not let the server do this.', 'ask the operator'),
  NOT_REGULAR_FILE: caller('A folder, device, pipe or socket stands where a file is needed.'),
  UNSUPPORTED_ENCODING: caller('The bytes are not text in an encoding the tool knows.'),
  UNSUPPORTED_REGEX: caller('The pattern uses what the linear-time engine does not have.'),
  PATH_OUTSIDE_WORKSPACE: caller('The path leads out of every workspace.'),
  SYMLINK_ESCAPE: caller('A link leads out of the workspace.'),
  PROTECTED_PATH: caller('No tool may change this file.', 'ask the operator'),
  NOT_A_REPOSITORY: caller('The folder is no git repository.'),
  UNSAFE_GIT_CONFIG: caller('The repository is configured to run programs.', 'ask the operator'),
  RUNNER_NOT_FOUND: caller('No test runner was recognised.'),
  READ_ONLY_VIOLATION: caller('A statement that must only read would change something.'),
  CANNOT_DRY_RUN: caller('The effect cannot be rolled back, so it cannot be tried.'),
  CONNECTION_FAILED: passing('A service the call needs cannot be reached.', 'dependency'),
  ADDRESS_BLOCKED: caller('The address is not one that may be called.'),
  PORT_BLOCKED: caller('The port is not one that may be called.'),
  TOO_MANY_REDIRECTS: caller('The service redirects without end.'),
  TLS_ERROR: {
    when: "The service's certificate or handshake is not valid.",
    fault: 'dependency',
    recovery: 'ask the operator',
    retryable: false,
  },
  POLICY_DENIED: caller('A policy says no.', 'ask the operator'),
  POLICY_UNAVAILABLE: {
    when: 'What a policy needs cannot be read or written, so the call is denied.',
    fault: 'platform',
    recovery: 'ask the operator',
    retryable: false,
  },
  FORBIDDEN: { ...caller('The caller lacks a scope.', 'ask the operator'), edgeStatus: 403 },
  UNAUTHENTICATED: { ...caller('There is no valid identity.', 'ask the operator'), edgeStatus: 401 },
  CONFIRMATION_REQUIRED: caller('The effect cannot be undone and was not confirmed.', 'confirm'),
  INVALID_PLAN: caller('The confirmation is unknown, used, too old, or for another call.', 'confirm'),
  INVALID_CURSOR: caller('The cursor was not given by this server for this question.'),
  IDEMPOTENCY_MISMATCH: caller('The idempotency key was used with other arguments.'),
  IN_PROGRESS: passing('A call with the same idempotency key is still at work.', 'caller'),
  RATE_LIMITED: passing("The caller's quota is used up.", 'caller', 429),
  OVERLOADED: passing('Every place or queue is full, or the server shuts down.', 'dependency', 503),
  CIRCUIT_OPEN: passing('A dependency is failing and calls to it pause.', 'platform'),
  TIMEOUT: passing('The time of the call is over; not retryable where the work could be done twice.', 'dependency'),
  CANCELLED: caller('The caller is gone or has cancelled.', 'none needed'),
  LIMIT: { ...caller('A size, count or depth is beyond its bound.'), edgeStatus: 413 },
  STUCK_LOOP: caller('The same call failed the same way again and again.'),
  INTERNAL: {
    when: 'A defect of the server or a tool; the log has the details.',
    fault: 'defect',
    recovery: 'ask the operator',
    retryable: false,
    edgeStatus: 500,
  },
} satisfies Record<string, CodeTraits>;

export type ErrorCode = keyof typeof TABLE;

/** Every code a call can end with, and its traits. The table is closed: a test walks it, and `docs/errors.md` is made from it. */
export const CODES: Readonly<Record<ErrorCode, CodeTraits>> = TABLE;
