import {
  McpServer,
  Server,
  type Implementation,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import type { OperationRegistry } from '@app/pipeline';

type Handler = Parameters<Server['_wrapHandler']>[1];

/** The SDK's server, which also lets a task's receipt through `tools/call`. */
class TaskAwareServer extends Server {
  /** The SDK checks every `tools/call` result as a tool result and gives it content; a receipt of a task has none. */
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    if (method !== 'tools/call') return super._wrapHandler(method, handler);
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
  ) {
    super(identity);
    Object.defineProperty(this, 'server', { value: new TaskAwareServer(identity, options) });
  }

  override toolInputSchemaJson(name: string): Record<string, unknown> | undefined {
    return this.registry.tool(name)?.definition.inputSchema as Record<string, unknown> | undefined;
  }
}

export type { ServerContext };
