import { Module } from '@nestjs/common';
import { Limits } from '@app/config';
import { AnswerBudget } from './http/answer-budget.js';
import { BodyBudget } from './http/body-budget.js';
import { HotLane } from './http/hot-lane.js';
import { LegacySessions } from './http/legacy-sessions.js';
import { McpEndpoint } from './http/mcp-endpoint.js';
import { ModernLane } from './http/modern-lane.js';
import { CompletionHandler } from './protocol/completion.handler.js';
import { PromptHandler } from './protocol/prompt.handler.js';
import { ProtocolServerFactory } from './protocol/protocol-server.factory.js';
import { RequestState } from './protocol/request-state.js';
import { ResourceHandler } from './protocol/resource.handler.js';
import { ResourceSubscriptions } from './protocol/resource-subscriptions.js';
import { ToolHandler } from './protocol/tool.handler.js';
import { StdioEndpoint } from './stdio/stdio-endpoint.js';
import { MemoryTaskStore } from './tasks/memory-task-store.js';
import { TaskHandler } from './tasks/task.handler.js';
import { TaskRunner } from './tasks/task-runner.js';
import { TaskStore } from './tasks/task-store.js';

@Module({
  providers: [
    { provide: TaskStore, useFactory: (limits: Limits) => new MemoryTaskStore(limits), inject: [Limits] },
    AnswerBudget,
    BodyBudget,
    CompletionHandler,
    HotLane,
    LegacySessions,
    McpEndpoint,
    ModernLane,
    PromptHandler,
    ProtocolServerFactory,
    RequestState,
    ResourceHandler,
    ResourceSubscriptions,
    StdioEndpoint,
    TaskHandler,
    TaskRunner,
    ToolHandler,
  ],
  exports: [ModernLane, LegacySessions, McpEndpoint, StdioEndpoint],
})
export class TransportModule {}
