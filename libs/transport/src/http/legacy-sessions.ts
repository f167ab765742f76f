import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { isInitializeRequest } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import { type Principal, principalKey } from '@app/mcp';
import { callerOverHttp, type EdgeFacts, toAuthInfo } from '../protocol/caller.js';
import type { ProtocolServer } from '../protocol/protocol-server.js';
import { ProtocolServerFactory } from '../protocol/protocol-server.factory.js';
import { sendRefusal } from './answer.js';
import { EventLog } from './event-log.js';

const SWEEP_MS = 30_000;
/** When a client whose stream broke may ask for the rest of it. */
const RETRY_MS = 1_000;
const SESSION_HEADER = 'mcp-session-id';

interface Session {
  readonly id: string;
  readonly owner: string;
  readonly transport: NodeStreamableHTTPServerTransport;
  readonly server: ProtocolServer;
  openExchanges: number;
  lastSeenAt: number;
}

/**
 * Sessions of the 2025 era. A session holds the protocol's state only; calls go to the one dispatcher. Bounded in
 * all and per caller, ended when idle, and bound to the caller who opened it: for anybody else it does not exist.
 */
@Injectable()
export class LegacySessions implements OnApplicationShutdown {
  private readonly sessions = new Map<string, Session>();
  private readonly sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();

  constructor(
    private readonly factory: ProtocolServerFactory,
    private readonly limits: Limits,
    private readonly log: AppLog,
  ) {}

  count(): number {
    return this.sessions.size;
  }

  async serve(req: IncomingMessage, res: ServerResponse, facts: EdgeFacts, message?: unknown): Promise<void> {
    const { principal } = facts;
    // Each request of a session brings its own proof of the same caller; his scopes may have changed.
    Object.assign(req, { auth: toAuthInfo(facts) });
    const id = req.headers[SESSION_HEADER];
    if (message !== undefined && isInitializeRequest(message)) return this.open(req, res, principal, message);
    if (typeof id !== 'string' || id === '')
      return message === undefined
        ? sendRefusal(res, 405, -32600, 'Only POST is served without a session', { headers: { allow: 'POST' } })
        : sendRefusal(res, 400, -32600, 'A session is needed: send initialize first, then its Mcp-Session-Id', {
            id: idOf(message),
          });
    const session = this.sessions.get(id);
    if (session === undefined || session.owner !== principalKey(principal))
      return sendRefusal(res, 404, -32600, 'Session not found: send initialize again', { id: idOf(message) });
    await this.exchange(session, req, res, message);
  }

  private async exchange(
    session: Session,
    req: IncomingMessage,
    res: ServerResponse,
    message?: unknown,
  ): Promise<void> {
    session.openExchanges++;
    session.lastSeenAt = performance.now();
    res.on('close', () => {
      session.openExchanges--;
      session.lastSeenAt = performance.now();
    });
    await session.transport.handleRequest(req, res, message);
  }

  private async open(req: IncomingMessage, res: ServerResponse, principal: Principal, message: unknown): Promise<void> {
    const owner = principalKey(principal);
    this.makeRoomFor(owner);
    if (this.sessions.size >= this.limits.legacySessions)
      return sendRefusal(res, 503, -32603, 'Every session is taken', {
        id: idOf(message),
        headers: { 'retry-after': '5' },
      });
    // A client does not choose its session's id.
    delete req.headers[SESSION_HEADER];
    const server = this.factory.create(callerOverHttp, 'legacy');
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void this.sessions.set(id, session(id)),
      onsessionclosed: (id) => void this.sessions.delete(id),
      maxRequestBodySize: this.limits.bodyBytes,
      eventStore: new EventLog(this.limits),
      retryInterval: RETRY_MS,
    });
    const session = (id: string): Session => ({
      id,
      owner,
      transport,
      server,
      openExchanges: 0,
      lastSeenAt: performance.now(),
    });
    transport.onerror = (err) => this.log.debug('a session reports', { err });
    await server.connect(transport);
    await transport.handleRequest(req, res, message);
    if (transport.sessionId === undefined) await server.close();
  }

  /** A caller with too many sessions loses his own longest idle one, never somebody else's. */
  private makeRoomFor(owner: string): void {
    const own = [...this.sessions.values()].filter((session) => session.owner === owner);
    if (own.length < this.limits.legacySessionsPerPrincipal) return;
    const idle = own.filter(({ openExchanges }) => openExchanges === 0).sort((a, b) => a.lastSeenAt - b.lastSeenAt);
    const oldest = idle[0] ?? own.sort((a, b) => a.lastSeenAt - b.lastSeenAt)[0];
    if (oldest !== undefined) this.end(oldest);
  }

  private sweep(): void {
    const before = performance.now() - this.limits.legacySessionIdleMs;
    for (const session of this.sessions.values())
      if (session.openExchanges === 0 && session.lastSeenAt < before) this.end(session);
  }

  private end(session: Session): void {
    this.sessions.delete(session.id);
    session.server.close().catch((err: unknown) => this.log.debug('a session could not be closed', { err }));
  }

  /** Ends every session and with it every open stream. */
  endAll(): void {
    for (const session of this.sessions.values()) this.end(session);
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweeper);
    this.endAll();
  }
}

function idOf(message: unknown): string | number | null {
  const id = (message as { id?: unknown } | undefined)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
