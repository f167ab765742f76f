import {
  McpServer,
  ProtocolError,
  Server,
  type Implementation,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import type { AppLog } from '@app/logging';
import type { OperationRegistry } from '@app/pipeline';
import { InternalFailure } from './internal-failure.error.js';
import { toInvalidParams } from './protocol-error.js';

type Handler = Parameters<Server['_wrapHandler']>[1];

/** The SDK's server, which also lets a task's receipt through `tools/call`, and tells clients nothing of our defects. */
class GuardedServer extends Server {
  constructor(
    identity: Implementation,
    options: ServerOptions,
    private readonly log: AppLog,
  ) {
    super(identity, options);
  }

  /** The SDK's own constructor comes here too, before there is a log: the handlers look it up when they run. */
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    const wrapped = method === 'tools/call' ? this.withReceipts(method, handler) : super._wrapHandler(method, handler);
    return async (request, ctx) => {
      try {
        return await wrapped(request, ctx);
      } catch (error) {
        // Every handler of ours ends in a ProtocolError (`asProtocol`); what does not was thrown before it began.
        if (!(error instanceof ProtocolError)) throw toInvalidParams(method, error);
        if (error instanceof InternalFailure) this.log.error('a request failed inside', { err: error.cause, method });
        throw error;
      }
    };
  }

  /** The SDK checks every `tools/call` result as a tool result and gives it content; a receipt of a task has none. */
  private withReceipts(method: string, handler: Handler): Handler {
    // By signal: the one part of a request's context that the SDK hands on as it is.
    const receipts = new WeakMap<AbortSignal, Awaited<ReturnType<Handler>>>();
    const wrapped = super._wrapHandler(method, async (request, ctx) => {
      const result = await handler(request, ctx);
      if ((result as { resultType?: unknown }).resultType !== 'task') return result;
      receipts.set(ctx.mcpReq.signal, result);
      return { content: [] };
    });
    return async (request, ctx) => {
      const result = await wrapped(request, ctx);
      return receipts.get(ctx.mcpReq.signal) ?? result;
    };
  }
}

/**
 * One protocol endpoint of the SDK: made per request in the modern era, per session or connection otherwise.
 * `McpServer` is what the SDK asks for header-bound parameters; the handlers are ours, on the plain server.
 */
export class ProtocolServer extends McpServer {
  constructor(
    identity: Implementation,
    options: ServerOptions,
    private readonly registry: OperationRegistry,
    log: AppLog,
  ) {
    super(identity);
    Object.defineProperty(this, 'server', { value: new GuardedServer(identity, options, log) });
  }

  override toolInputSchemaJson(name: string): Record<string, unknown> | undefined {
    return this.registry.tool(name)?.definition.inputSchema as Record<string, unknown> | undefined;
  }
}
