import type { Canary } from './canary.js';
import type { TreeSnapshot } from './tree-snapshot.js';

/** One answer of the server, as bytes and as what they say. */
export interface Reply {
  /** Of the call, for messages. */
  readonly what: string;
  readonly tool?: string;
  /** Everything the caller said, percent-decoded: what he knows already is no news to him. */
  readonly said: string;
  readonly status: number;
  /** Name and value, one per line. */
  readonly headers: string;
  readonly bytes: Buffer;
  /** The JSON-RPC message; undefined where the answer is not JSON. */
  readonly message?: ReplyMessage;
}

export interface ReplyMessage {
  readonly result?: {
    readonly isError?: boolean;
    readonly content?: readonly { readonly type: string; readonly text?: string }[];
    readonly structuredContent?: Record<string, unknown>;
    readonly _meta?: Record<string, unknown>;
  };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** A cheap call of another client that was made while a case ran. */
export interface Probe {
  readonly ms: number;
  /** It was answered, and with what it asked for. */
  readonly succeeded: boolean;
}

/** A call and what the audit must say of it. */
export interface AuditedCall {
  readonly what: string;
  readonly kind: string;
  /** Known where the answer has one: results do, JSON-RPC errors may not. */
  readonly callId?: string;
  readonly operation?: string;
  readonly decision: string;
}

/** Everything that was seen of one case; the checks judge it afterwards. */
export interface Evidence {
  readonly canaries: readonly Canary[];
  readonly replies: readonly Reply[];
  readonly probes: readonly Probe[];
  /** Milliseconds a probe may take. */
  readonly liveMs: number;
  readonly outside: { readonly before: TreeSnapshot; readonly after: TreeSnapshot };
  readonly git: { readonly before: TreeSnapshot; readonly after: TreeSnapshot };
  /** Log and error output of the server so far, by name. */
  readonly output: Readonly<Record<string, string>>;
  /** Absolute paths of the machine that no answer may tell. */
  readonly secretPaths: readonly string[];
  /** Problems of structured content with the published schema of its tool. */
  readonly schemaProblems: (reply: Reply) => readonly string[];
}
