import { Injectable } from '@nestjs/common';
import type { Result, Server, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { Limits } from '@app/config';
import { type Principal, ProtocolViolation } from '@app/mcp';
import { Dispatcher } from '@app/pipeline';
import type { CallerOf } from '../protocol/caller.js';
import { toCallRequest } from '../protocol/call-request.js';
import type { ClientFacts } from '../protocol/client-facts.js';
import { asProtocol } from '../protocol/protocol-error.js';
import { recordAccess } from '../protocol/record-access.js';
import { tasksUndeclared } from './tasks-undeclared.js';
import { TaskRunner } from './task-runner.js';
import { renderTask } from './task-wire.js';

const params = z.looseObject({ taskId: z.string().min(1).max(128) });

/** `tasks/get`, `tasks/update` and `tasks/cancel` of the tasks extension. A foreign task is an unknown one. */
@Injectable()
export class TaskHandler {
  constructor(
    private readonly runner: TaskRunner,
    private readonly dispatcher: Dispatcher,
    private readonly limits: Limits,
  ) {}

  install(server: Server, callerOf: CallerOf, factsOf: (ctx: ServerContext) => ClientFacts): void {
    const serve = (
      method: string,
      work: (taskId: string, principal: Principal, ctx: ServerContext) => Promise<Result | undefined>,
    ): void =>
      server.setRequestHandler(method, { params }, ({ taskId }, ctx) =>
        asProtocol(async () => {
          if (!factsOf(ctx).knowsTasks) throw tasksUndeclared();
          const principal = await callerOf(ctx);
          await recordAccess(this.dispatcher, 'task', method, toCallRequest(ctx, principal), taskId);
          const result = await work(taskId, principal, ctx);
          if (result === undefined) throw new ProtocolViolation('Task not found');
          return result;
        }),
      );
    serve('tasks/get', async (id, principal) => {
      const task = await this.runner.find(id, principal);
      return task && renderTask(task, this.limits.taskPollMs);
    });
    serve('tasks/update', async (id, principal, ctx) => {
      const answers = ctx.mcpReq.inputResponses;
      if (answers === undefined) throw new ProtocolViolation('inputResponses is missing');
      return (await this.runner.answer(id, principal, answers)) ? {} : undefined;
    });
    serve('tasks/cancel', async (id, principal) => ((await this.runner.cancel(id, principal)) ? {} : undefined));
  }
}
