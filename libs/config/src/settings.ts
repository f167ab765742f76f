import { availableParallelism } from 'node:os';
import { Concealed } from './concealed.js';
import type { ConfigKey } from './config-key.js';
import type { LogLevel } from './environment.js';

export interface WorkspaceRoot {
  readonly name: string;
  /** Absolute, canonical: links resolved at start. */
  readonly path: string;
}

/** Where and for whom the server listens. */
export class ServerSettings {
  readonly production!: boolean;
  readonly transport!: 'http' | 'stdio';
  readonly host!: string;
  readonly port!: number;
  readonly publicUrl?: string;
  readonly allowedOrigins!: readonly string[];
  readonly allowedHosts!: readonly string[];
  readonly preStopMs!: number;
  readonly drainTimeoutMs!: number;
}

export class LogSettings {
  readonly level!: LogLevel;
  readonly format!: 'json' | 'pretty';
  /** stdout carries the protocol on stdio, so logs go to stderr there. */
  readonly stream!: 'stdout' | 'stderr';
}

export class WorkspaceSettings {
  readonly roots!: readonly WorkspaceRoot[];
}

export class ToolSettings {
  /** `core`, `default`, `all`, or names of toolsets. */
  readonly toolsets!: readonly string[];
}

/** How often one principal may call one tool: never more than `maxRequests` in any window. */
export class ThrottleSettings {
  readonly windowMs!: number;
  readonly maxRequests!: number;
}

/** How callers prove who they are. */
@Concealed('publicKeys', 'secret', 'clientSecret', 'token')
export class AuthSettings {
  readonly issuer?: string;
  /** A token must be for one of these. */
  readonly audience!: readonly string[];
  readonly jwksUrl?: string;
  /** PEM, one key or several. */
  readonly publicKeys?: string;
  readonly secret?: string;
  readonly introspectionUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly maxTokenAgeS!: number;
  readonly tenantClaim!: string;
  readonly rolesClaim!: string;
  readonly acceptsApiKeys!: boolean;
  /** Lower case. */
  readonly gatewayHeader?: string;
  readonly clientCertHeader?: string;
  /** Of the caller on stdio. */
  readonly token?: string;
  /** Addresses and networks. */
  readonly trustedProxies!: readonly string[];
  /** The name of this server as a protected resource, e.g. `https://mcp.example.com/mcp`; undefined: no tokens. */
  readonly resource?: string;

  /** Tokens of an issuer, signed or looked up. */
  get acceptsTokens(): boolean {
    return [this.issuer, this.publicKeys, this.secret, this.introspectionUrl].some((each) => each !== undefined);
  }
  /** Whether anybody can authenticate over HTTP; where nobody can, callers are the local principal. */
  get isConfigured(): boolean {
    return this.acceptsTokens || this.acceptsApiKeys || this.clientCertHeader !== undefined;
  }
}

export class AuditSettings {
  /** `database`: chained, signed, and kept; `log`: a line of the log for each record, as durable as the log is. */
  readonly store!: 'database' | 'log';
  /** Undefined keeps all. */
  readonly retentionDays?: number;
}

/** Where the server keeps its own state. */
@Concealed('databaseUrl', 'redisUrl', 'configKeys')
export class StorageSettings {
  /** Absolute; made when something is first kept in it. */
  readonly dataDir!: string;
  /** PostgreSQL; without it an embedded database. */
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  /** Of what is sealed, newest first; without one the server makes a key of its own (`openDataCipher`). */
  readonly configKeys?: readonly ConfigKey[];
}

/** Every bound on what one request, call or caller can ask for. The unit is in the name. */
export class Limits {
  // Edge
  readonly bodyBytes: number = 8_388_608;
  /** All bodies together that have not arrived whole. */
  readonly bodyBytesInFlight: number = 134_217_728;
  /** All answers together that their clients have not read. */
  readonly answerBytesInFlight: number = 134_217_728;
  /** What one client may leave unread, and what it may leave unread when memory is short. */
  readonly answerBacklogBytes: number = 33_554_432;
  readonly answerBacklogSmallBytes: number = 1_048_576;
  readonly headerBytes: number = 16_384;
  readonly headerCount: number = 100;
  /** One message on stdio: the largest legal body, escaped. */
  readonly stdioLineBytes: number = 16_777_216;
  readonly jsonDepth: number = 64;
  readonly jsonNodes: number = 10_000;
  readonly connections: number = 10_000;
  readonly requestBodyTimeoutMs: number = 30_000;
  // Protocol
  readonly legacySessions: number = 10_000;
  readonly legacySessionsPerPrincipal: number = 1_000;
  readonly legacySessionIdleMs: number = 30 * 60_000;
  readonly legacyReplayEvents: number = 256;
  readonly legacyReplayBytes: number = 262_144;
  readonly subscriptions: number = 1_024;
  readonly subscribedUris: number = 256;
  /** All URIs of one subscription together. */
  readonly subscribedUriChars: number = 65_536;
  readonly nameChars: number = 8_192;
  // Callers
  /** Calls of one caller at work at once. */
  readonly callsPerPrincipal: number = 64;
  /** Requests without a valid identity from one address (IPv6: from one /64) in any minute. */
  readonly unauthenticatedPerMinute: number = 60;
  /** Tokens whose signature need not be checked again. */
  readonly verifiedTokens: number = 10_000;
  readonly tasks: number = 1_000;
  readonly tasksPerPrincipal: number = 100;
  readonly taskTtlMs: number = 15 * 60_000;
  readonly taskDeadlineMs: number = 10 * 60_000;
  readonly taskPollMs: number = 500;
  readonly tasksRunning: number = 64;
  readonly taskResultBytes: number = 1_048_576;
  readonly taskStoreBytes: number = 67_108_864;
  readonly requestStateTtlS: number = 600;
  readonly requestStateChars: number = 65_536;
  readonly requestStatesUsed: number = 100_000;
  readonly listPageSize: number = 100;
  readonly completionValues: number = 100;
  readonly concurrentCalls: number = 256;
  // Calls
  readonly callDeadlineMs: number = 30_000;
  /** Calls of one tool, or of all that share its dependency, that work at once. */
  readonly callsPerTool: number = 32;
  readonly callsWaitingPerTool: number = 64;
  /** Largest result, as JSON. */
  readonly outputBytes: number = 16_777_216;
  /** So many failures of the same call in the same way stop it, for so long. */
  readonly sameFailures: number = 5;
  readonly sameFailurePauseMs: number = 30_000;
  readonly cachedResults: number = 10_000;
  readonly cachedResultBytes: number = 67_108_864;
  // Paths
  readonly pathChars: number = 4_096;
  readonly nameBytes: number = 255;
  readonly linkHops: number = 40;
  // Reading
  readonly readItems: number = 20;
  readonly readTextBytes: number = 262_144;
  readonly readMediaBytes: number = 5_242_880;
  /** Bytes of one file looked at to count lines and compute its hash. */
  readonly readScanBytes: number = 67_108_864;
  // Listing
  readonly listDepth: number = 10;
  readonly listEntries: number = 1_000;
  readonly listScannedEntries: number = 100_000;
  readonly listMs: number = 5_000;
  readonly listBytes: number = 262_144;
  readonly walkDepth: number = 64;
  /** Of ignore files in force in one folder, all together. */
  readonly ignoreFileBytes: number = 65_536;
  readonly ignoreRules: number = 1_000;
  readonly globChars: number = 256;
  readonly globStars: number = 8;
  readonly globAlternatives: number = 16;
  // Searching
  readonly searchMatches: number = 500;
  readonly searchLineChars: number = 400;
  readonly searchMs: number = 10_000;
  /** Each is a process that can keep one core busy. */
  readonly searchesRunning: number = Math.max(2, availableParallelism());
  readonly searchesWaiting: number = 64;
  readonly searchAnswerBytes: number = 65_536;
  readonly searchScannedMatches: number = 100_000;
  readonly searchOutputBytes: number = 134_217_728;
  readonly searchFileBytes: number = 16_777_216;
  // Writing
  readonly writeBytes: number = 5_000_000;
  readonly editFileBytes: number = 2_097_152;
  readonly editCount: number = 100;
  readonly diffBytes: number = 32_768;
  readonly diffMs: number = 200;
  readonly writesWaitingPerFile: number = 256;

  constructor(overrides: Partial<Limits> = {}) {
    Object.assign(this, overrides);
    Object.freeze(this);
  }
}
