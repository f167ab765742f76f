import type { ErrorCode, Fault, Recovery } from '@app/mcp';

export type Actor = 'caller' | 'operator' | 'time' | 'nobody';

/** Who has to do something. That every code has its case is for the compiler to say: with one missing, this has an end. */
export function whoActs(code: ErrorCode): Actor {
  switch (code) {
    case 'INVALID_ARGUMENT':
    case 'NOT_FOUND':
    case 'CONFLICT':
    case 'NOT_REGULAR_FILE':
    case 'UNSUPPORTED_ENCODING':
    case 'UNSUPPORTED_REGEX':
    case 'PATH_OUTSIDE_WORKSPACE':
    case 'SYMLINK_ESCAPE':
    case 'NOT_A_REPOSITORY':
    case 'RUNNER_NOT_FOUND':
    case 'READ_ONLY_VIOLATION':
    case 'CANNOT_DRY_RUN':
    case 'ADDRESS_BLOCKED':
    case 'PORT_BLOCKED':
    case 'TOO_MANY_REDIRECTS':
    case 'CONFIRMATION_REQUIRED':
    case 'INVALID_PLAN':
    case 'INVALID_CURSOR':
    case 'IDEMPOTENCY_MISMATCH':
    case 'LIMIT':
    case 'STUCK_LOOP':
      return 'caller';
    case 'PERMISSION':
    case 'PROTECTED_PATH':
    case 'UNSAFE_GIT_CONFIG':
    case 'TLS_ERROR':
    case 'POLICY_DENIED':
    case 'POLICY_UNAVAILABLE':
    case 'FORBIDDEN':
    case 'UNAUTHENTICATED':
    case 'INTERNAL':
      return 'operator';
    case 'CONNECTION_FAILED':
    case 'IN_PROGRESS':
    case 'RATE_LIMITED':
    case 'OVERLOADED':
    case 'CIRCUIT_OPEN':
    case 'TIMEOUT':
      return 'time';
    case 'CANCELLED':
      return 'nobody';
  }
}

/** The same for what a code is made of. */
export function whoActsAfter(fault: Fault, recovery: Recovery): Actor {
  switch (fault) {
    case 'caller':
    case 'dependency':
    case 'platform':
    case 'defect':
      break;
    default:
      return fault satisfies never;
  }
  switch (recovery) {
    case 'change the call':
    case 'read again':
    case 'confirm':
      return 'caller';
    case 'retry later':
      return 'time';
    case 'ask the operator':
      return 'operator';
    case 'none needed':
      return 'nobody';
  }
}

/** What the compiler says of a switch that lacks a code. */
// @ts-expect-error INTERNAL has no case, so this function can end without a result.
export function lacksOne(code: 'TIMEOUT' | 'INTERNAL'): string {
  switch (code) {
    case 'TIMEOUT':
      return 'time';
  }
}
