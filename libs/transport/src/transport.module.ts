import { Module } from '@nestjs/common';
import { Limits } from '@app/config';
import { AddressWatch } from './http/address-watch.js';
import { AnswerBudget } from './http/answer-budget.js';
import { BodyBudget } from './http/body-budget.js';
import { EdgeIdentity } from './http/edge-identity.js';
import { HotLane } from './http/hot-lane.js';
import { LegacySessions } from './http/legacy-sessions.js';
import { McpEndpoint } from './http/mcp-endpoint.js';
import { ModernLane } from './http/modern-lane.js';
import { ProtectedResourceController } from './http/protected-resource.controller.js';
import { ProtectedResource } from './http/protected-resource.js';
import { StepUp } from './http/step-up.js';
import { CompletionHandler } from './protocol/completion.handler.js';
import { PromptHandler } from './protocol/prompt.handler.js';
import { ProtocolServerFactory } from './protocol/protocol-server.factory.js';
import { RequestState } from './protocol/request-state.js';
import { ResourceHandler } from './protocol/resource.handler.js';
import { ResourceSubscriptions } from './protocol/resource-subscriptions.js';
import { ToolHandler } from './protocol/tool.handler.js';
import { StdioCaller } from './stdio/stdio-caller.js';
import { StdioEndpoint } from './stdio/stdio-endpoint.js';
import { MemoryTaskStore } from './tasks/memory-task-store.js';
import { TaskHandler } from './tasks/task.handler.js';
import { TaskRunner } from './tasks/task-runner.js';
import { TaskStore } from './tasks/task-store.js';

@Module({
  controllers: [ProtectedResourceController],
  providers: [
    { provide: TaskStore, useFactory: (limits: Limits) => new MemoryTaskStore(limits), inject: [Limits] },
    AddressWatch,
    AnswerBudget,
    BodyBudget,
    CompletionHandler,
    EdgeIdentity,
    HotLane,
    LegacySessions,
    McpEndpoint,
    ModernLane,
    PromptHandler,
    ProtectedResource,
    ProtocolServerFactory,
    RequestState,
    ResourceHandler,
    ResourceSubscriptions,
    StdioCaller,
    StdioEndpoint,
    StepUp,
    TaskHandler,
    TaskRunner,
    ToolHandler,
  ],
  exports: [EdgeIdentity, ModernLane, LegacySessions, McpEndpoint, StdioCaller, StdioEndpoint],
})
export class TransportModule {}
