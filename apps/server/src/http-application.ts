import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import type { DynamicModule } from '@nestjs/common';
import type { Limits } from '@app/config';
import { OpenApi } from '@app/operations';
import { McpEndpoint } from '@app/transport';

/** Longer than the minute after which gateways drop idle connections, so that they never meet a closed one. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 20_000;
/** How late a slow request may be found. */
const CHECK_MS = 2_000;

export interface HttpApplication {
  readonly app: NestFastifyApplication;
  readonly server: Server;
}

/** `/mcp` goes straight to its endpoint; everything else is an ordinary Nest route. */
export async function createHttpApplication(module: DynamicModule, limits: Limits): Promise<HttpApplication> {
  const pending: { endpoint?: McpEndpoint } = {};
  let server!: Server;
  const serverFactory = (others: RequestListener): Server => {
    server = createServer(
      {
        maxHeaderSize: limits.headerBytes,
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: Math.min(HEADERS_MS, limits.requestBodyTimeoutMs),
        requestTimeout: limits.requestBodyTimeoutMs,
        connectionsCheckingInterval: CHECK_MS,
      },
      (req: IncomingMessage, res: ServerResponse) => {
        if (isMcp(req.url) && pending.endpoint !== undefined) pending.endpoint.handle(req, res);
        else others(req, res);
      },
    );
    server.maxConnections = limits.connections;
    // Counted and refused by the endpoint; Node would drop the rest without a word.
    server.maxHeadersCount = 0;
    return server;
  };
  const adapter = new FastifyAdapter({ serverFactory, forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  await app.init();
  app.get(OpenApi).describe(app);
  pending.endpoint = app.get(McpEndpoint);
  return { app, server };
}

const isMcp = (url: string | undefined): boolean =>
  url === '/mcp' || (url?.startsWith('/mcp?') ?? false) || isAbsolute(url);
/** An absolute target names its own host and would go around the check of the Host header; the endpoint refuses it. */
const isAbsolute = (url: string | undefined): boolean => url !== undefined && !url.startsWith('/') && url !== '*';
