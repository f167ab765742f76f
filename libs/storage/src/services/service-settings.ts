/** How a service of the server's own is spoken to. */
export interface ServiceSettings {
  /** Any operation ends within it, connecting included. */
  readonly operationTimeoutMs: number;
  /** Operations that run or wait at once. */
  readonly maxRunning: number;
  /** After a failed attempt to connect, until the next. */
  readonly retryGapMs: number;
  /** How the service names the connections, in its own lists. */
  readonly connectionName: string;
}

export const SERVICE_DEFAULTS: ServiceSettings = {
  operationTimeoutMs: 1_000,
  maxRunning: 4_096,
  retryGapMs: 250,
  connectionName: 'mcp-software-engineer',
};
