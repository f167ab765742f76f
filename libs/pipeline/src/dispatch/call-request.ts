import type {
  CallState,
  ClientChannel,
  Content,
  InputAnswers,
  InputRequest,
  InputRequests,
  Principal,
  ServerError,
} from '@app/mcp';
import type { Quota } from '../call/quota.js';
import type { Degraded } from '../call/running-call.js';

export interface CallSource {
  readonly transport: 'http' | 'stdio';
  /** Of the caller, as far as it can be believed. */
  readonly address?: string;
}

/** A parsed message that asks for work, free of transport and era. */
export interface CallRequest {
  readonly principal: Principal;
  readonly client: ClientChannel;
  /** A job rather than a call: `whenGone` is asked before this returns. */
  readonly isLong?: boolean;
  /** Calls back once when the caller is gone or cancels. May call back after the call has ended. */
  readonly whenGone?: (gone: () => void) => void;
  /** `_meta` as sent, without the protocol's reserved keys. */
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly answers?: InputAnswers;
  /** Verified by the transport before it gets here. */
  readonly state?: CallState;
  /** Kinds of questions the client has declared it can answer. */
  readonly askable?: readonly InputRequest['kind'][];
  /** A task is ready to take over when the method says that its long part begins. */
  readonly canHandOff?: boolean;
  /** Instead of the deadline of the operation: a task has its own. */
  readonly deadlineMs?: number;
  /** Where it comes from, for the record. */
  readonly source?: CallSource;
  /** Told once what is left of the caller's limit, before the outcome. */
  readonly onQuota?: (quota: Quota) => void;
}

export interface Success<T> {
  readonly kind: 'success';
  readonly callId: string;
  readonly value: T;
  /** The result is old or less than it could be, and why. */
  readonly degraded?: Degraded;
}
export interface Failure {
  readonly kind: 'failure';
  readonly callId: string;
  readonly error: ServerError;
}
export interface NeedsInput {
  readonly kind: 'input_required';
  readonly callId: string;
  readonly requests: InputRequests;
  readonly state: CallState;
}

/** The method asked to go on as a task; nothing has been done yet. */
export interface HandedOff {
  readonly kind: 'handed_off';
  readonly callId: string;
  readonly state: CallState;
}

/** How a call ended. Malformed requests are not outcomes: they throw `ProtocolViolation`. */
export type Outcome<T> = Success<T> | Failure | NeedsInput | HandedOff;

/** What a tool returned, ready for any wire. */
export interface ToolValue {
  readonly content: readonly Content[];
  readonly structured?: Readonly<Record<string, unknown>>;
}
