import { Injectable } from '@nestjs/common';
import type { McpRequestContext, Server, ServerContext } from '@modelcontextprotocol/server';
import { AppLog } from '@app/logging';
import { ServerIdentity } from '@app/mcp';
import { OperationRegistry } from '@app/pipeline';
import { TaskHandler } from '../tasks/task.handler.js';
import type { CallerOf } from './caller.js';
import { CACHE_HINTS, CAPABILITIES, TASKS_EXTENSION } from './capabilities.js';
import { type ClientFacts, clientFactsOf } from './client-facts.js';
import { CompletionHandler } from './completion.handler.js';
import { PromptHandler } from './prompt.handler.js';
import { ProtocolServer } from './protocol-server.js';
import { RequestState } from './request-state.js';
import { ResourceHandler } from './resource.handler.js';
import { ToolHandler } from './tool.handler.js';

type Era = McpRequestContext['era'];

/** Builds SDK servers whose handlers all lead to the one dispatcher. */
@Injectable()
export class ProtocolServerFactory {
  constructor(
    private readonly identity: ServerIdentity,
    private readonly registry: OperationRegistry,
    private readonly state: RequestState,
    private readonly tools: ToolHandler,
    private readonly prompts: PromptHandler,
    private readonly resources: ResourceHandler,
    private readonly completion: CompletionHandler,
    private readonly tasks: TaskHandler,
    private readonly log: AppLog,
  ) {}

  create(callerOf: CallerOf, era: Era): ProtocolServer {
    const { name, title, version, instructions } = this.identity;
    const modern = era === 'modern';
    const product = new ProtocolServer(
      { name, title, version, icons: [ICON] },
      {
        capabilities: modern ? { ...CAPABILITIES, extensions: { [TASKS_EXTENSION]: {} } } : CAPABILITIES,
        instructions,
        cacheHints: CACHE_HINTS,
        requestState: { verify: (text, ctx) => this.state.verify(text, ctx) },
      },
      this.registry,
      this.log,
    );
    this.install(product.server, callerOf, era);
    return product;
  }

  private install(server: Server, callerOf: CallerOf, era: Era): void {
    const factsOf = (ctx: ServerContext): ClientFacts => clientFactsOf(ctx, server, era);
    this.tools.install(server, callerOf, factsOf);
    if (era === 'modern') this.tasks.install(server, callerOf, factsOf);
    this.prompts.install(server, callerOf, factsOf);
    this.resources.install(server, callerOf, era);
    this.completion.install(server, callerOf);
  }
}

const ICON = {
  src: `data:image/svg+xml;base64,${Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2937"/><path d="M9 10l6 6-6 6M17 22h7" fill="none" stroke="#34d399" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>',
  ).toString('base64')}`,
  mimeType: 'image/svg+xml',
  sizes: ['any'],
};
