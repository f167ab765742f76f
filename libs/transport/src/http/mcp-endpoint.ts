import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { classifyInboundRequest, isJsonContentType } from '@modelcontextprotocol/server';
import { Limits, ServerSettings } from '@app/config';
import { AppLog } from '@app/logging';
import { ServerError } from '@app/mcp';
import { Admission } from '@app/pipeline';
import type { EdgeFacts } from '../protocol/caller.js';
import { sendRefusal } from './answer.js';
import { AnswerBudget } from './answer-budget.js';
import { BodyBudget, BodyTooLarge } from './body-budget.js';
import { EdgeIdentity } from './edge-identity.js';
import { EdgeRefusal } from './edge-refusal.error.js';
import { HotLane, MODERN_VERSION } from './hot-lane.js';
import { JsonRefusal, parseJson } from '@app/security';
import { LegacySessions } from './legacy-sessions.js';
import { ModernLane } from './modern-lane.js';
import { OriginRules } from './origin-rules.js';
import { quotaHeaders } from './quota-headers.js';
import { StepUp } from './step-up.js';

const METHODS = new Set(['POST', 'GET', 'DELETE']);
/** Headers that decide something: sent twice, two readers could each believe another one. */
const SINGLE = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
]);
const INVALID_REQUEST = -32600;

type Json = Record<string, unknown>;

/**
 * `/mcp`. The edge stages in their order: header limits, Host and Origin, identity, body, protocol. Each refusal is
 * answered before the next stage costs anything, and before any call exists.
 */
@Injectable()
export class McpEndpoint {
  private rules?: OriginRules;

  constructor(
    private readonly settings: ServerSettings,
    private readonly limits: Limits,
    private readonly log: AppLog,
    private readonly admission: Admission,
    private readonly hot: HotLane,
    private readonly modern: ModernLane,
    private readonly sessions: LegacySessions,
    private readonly bodies: BodyBudget,
    private readonly answers: AnswerBudget,
    private readonly identity: EdgeIdentity,
    private readonly stepUp: StepUp,
  ) {}

  handle(req: IncomingMessage, res: ServerResponse): void {
    this.serve(req, res).catch((error: unknown) => this.fail(error, req, res));
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // A connection that is kept open would only meet a closed server later.
    if (this.admission.isDraining) res.setHeader('connection', 'close');
    if (this.refusedByHeaders(req, res)) return;
    const identified = this.identity.identify(req);
    const principal = identified instanceof Promise ? await identified : identified;
    if (this.answers.isExhausted())
      throw new ServerError('OVERLOADED', 'Too many bytes of answers wait for their readers.');
    if (req.method !== 'POST') {
      if (req.headers['mcp-protocol-version'] === MODERN_VERSION)
        return sendRefusal(res, 405, INVALID_REQUEST, 'This revision of the protocol only uses POST', {
          headers: { allow: 'POST' },
        });
      this.answers.watch(res);
      return this.sessions.serve(req, res, { principal });
    }
    const body = await this.bodies.read(req);
    const { value: message, reachesForPrototype } = parseJson(body, this.limits);
    if (typeof message !== 'object' || message === null || Array.isArray(message))
      return sendRefusal(res, 400, INVALID_REQUEST, 'The body must be one JSON-RPC message; batches are not supported');
    const facts: EdgeFacts = {
      principal,
      source: { transport: 'http', address: this.identity.addressOf(req) },
      onQuota: (quota) => {
        if (!res.headersSent)
          for (const [name, value] of Object.entries(quotaHeaders(quota))) res.setHeader(name, value);
      },
    };
    if (this.stepUp.concerns(facts) && (await this.stepUp.refuses(message as Json, res, facts))) return;
    if (this.hot.serve(req.headers, message as Json, res, facts)) return;
    const flaw = flawOf(message as Json, this.limits);
    if (flaw !== undefined) return sendRefusal(res, 400, -32602, flaw);
    this.answers.watch(res);
    if (reachesForPrototype) return sendRefusal(res, 400, INVALID_REQUEST, 'The body has a member named __proto__');
    if (this.isModern(req, message)) return this.modern.serve(req, res, facts, message);
    return this.sessions.serve(req, res, facts, message);
  }

  /** Everything that can be told from the head of the request. */
  private refusedByHeaders(req: IncomingMessage, res: ServerResponse): boolean {
    const refuse = (status: number, message: string, headers?: Record<string, string>): true => {
      // A body that is on its way is read and thrown away by Node, so that the client reads this answer and no reset.
      sendRefusal(res, status, INVALID_REQUEST, message, { headers });
      return true;
    };
    if (req.rawHeaders.length / 2 > this.limits.headerCount)
      return refuse(431, `More than ${this.limits.headerCount} headers`);
    const twice = sentTwice(req);
    if (twice !== undefined) return refuse(400, `The header ${twice} was sent twice`);
    if (!req.url?.startsWith('/')) return refuse(400, 'The target must be a path');
    this.rules ??= new OriginRules(this.settings, req.socket.localPort ?? this.settings.port);
    const host = this.rules.host(req.headers.host);
    if (host === 'malformed') return refuse(400, 'The Host header is missing or malformed');
    if (host === 'foreign') return refuse(403, 'This Host is not served here; allow it with ALLOWED_HOSTS');
    if (!this.rules.origin(req.headers.origin))
      return refuse(403, 'This Origin may not call; allow it with ALLOWED_ORIGINS');
    if (!METHODS.has(req.method ?? '')) return refuse(405, 'Method not allowed', { allow: [...METHODS].join(', ') });
    if (req.method !== 'POST') return false;
    if (!acceptsContentType(req.headers['content-type']))
      return refuse(415, 'Content-Type must be application/json in UTF-8');
    if ((req.headers['content-encoding'] ?? 'identity') !== 'identity')
      return refuse(415, 'Content-Encoding is not supported');
    return false;
  }

  private isModern(req: IncomingMessage, body: object): boolean {
    const { headers, method } = req;
    const single = (name: string): string | undefined => headers[name] as string | undefined;
    const outcome = classifyInboundRequest({
      httpMethod: method ?? 'POST',
      protocolVersionHeader: single('mcp-protocol-version'),
      mcpMethodHeader: single('mcp-method'),
      mcpNameHeader: single('mcp-name'),
      body,
    });
    return outcome.kind !== 'legacy';
  }

  private fail(error: unknown, req: IncomingMessage, res: ServerResponse): void {
    if (error instanceof EdgeRefusal)
      return sendRefusal(res, error.status, INVALID_REQUEST, error.message, { headers: error.headers });
    if (error instanceof ServerError && error.code === 'POLICY_UNAVAILABLE') {
      this.log.warn('it could not be known who calls', { err: error });
      return sendRefusal(res, 503, -32603, 'POLICY_UNAVAILABLE: it cannot be verified who calls; try again', {
        headers: { 'retry-after': '5' },
      });
    }
    if (error instanceof BodyTooLarge)
      return sendRefusal(res, 413, INVALID_REQUEST, `LIMIT: the body is larger than ${this.limits.bodyBytes} bytes`);
    if (error instanceof ServerError && error.code === 'OVERLOADED')
      return sendRefusal(res, 503, -32603, `OVERLOADED: ${error.message}`, { headers: { 'retry-after': '1' } });
    if (error instanceof JsonRefusal) return sendRefusal(res, 400, error.code, error.message);
    if (req.destroyed && !req.complete) return;
    this.log.error('a request failed at the edge', { err: error });
    sendRefusal(res, 500, -32603, 'Internal server error');
  }
}

/** What the SDK would echo or keep whole, however large. */
function flawOf({ params }: Json, limits: Limits): string | undefined {
  const { name, uri, taskId, notifications } = (params ?? {}) as Json;
  for (const value of [name, uri, taskId])
    if (typeof value === 'string' && value.length > limits.nameChars)
      return `A name or URI has more than ${limits.nameChars} characters`;
  const uris = (notifications as { resourceSubscriptions?: unknown } | undefined)?.resourceSubscriptions;
  if (!Array.isArray(uris)) return undefined;
  if (uris.length > limits.subscribedUris) return `More than ${limits.subscribedUris} URIs in a subscription`;
  const chars = uris.reduce((sum: number, each) => sum + (typeof each === 'string' ? each.length : 0), 0);
  return chars > limits.subscribedUriChars
    ? `More than ${limits.subscribedUriChars} characters of URIs in a subscription`
    : undefined;
}

function sentTwice({ headers, rawHeaders }: IncomingMessage): string | undefined {
  // Node folds names that are equal, so nothing was sent twice when nothing was folded.
  if (Object.keys(headers).length * 2 === rawHeaders.length) return undefined;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

function acceptsContentType(value: string | undefined): boolean {
  if (value === 'application/json') return true;
  if (value === undefined || !isJsonContentType(value)) return false;
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)"?/i.exec(value)?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8' || charset.toLowerCase() === 'utf8';
}
