import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type NodeMcpRequestHandler, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import { ChangeEvents } from '@app/mcp';
import { callerOverHttp, type EdgeFacts, toAuthInfo } from '../protocol/caller.js';
import { ProtocolServerFactory } from '../protocol/protocol-server.factory.js';

/** The SDK's own handler for the modern era: the judge of everything that is not a plain call. */
@Injectable()
export class ModernLane {
  private readonly handler: McpHttpHandler;
  private readonly handle: NodeMcpRequestHandler;

  constructor(factory: ProtocolServerFactory, events: ChangeEvents, limits: Limits, log: AppLog) {
    const onerror = (err: Error): void => log.debug('a modern request was refused', { err });
    this.handler = createMcpHandler(() => factory.create(callerOverHttp, 'modern'), {
      legacy: 'reject',
      bus: events,
      maxSubscriptions: limits.subscriptions,
      maxRequestBodySize: limits.bodyBytes,
      onerror,
    });
    this.handle = toNodeHandler(this.handler, { onerror, maxRequestBodySize: limits.bodyBytes });
  }

  serve(req: IncomingMessage, res: ServerResponse, facts: EdgeFacts, message: unknown): Promise<void> {
    return this.handle(Object.assign(req, { auth: toAuthInfo(facts) }), res as never, message);
  }

  /** Ends every subscription with its closing result, and what is still under way. */
  async endAll(): Promise<void> {
    await this.handler.close();
  }
}
