import { z } from 'zod';
import { Input, type ToolOptions } from '@app/mcp';
import {
  CallLimits,
  DatabaseTool,
  FileTool,
  HttpTool,
  ProcessTool,
  Retry,
  Toolset,
  WhatCouldGoWrong,
} from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Host = z.strictObject({ host: z.string().max(64) });
const hints = { destructive: false, idempotent: false, openWorld: false };
const reading: ToolOptions = { title: 'K', description: 'One of its kind', risk: 'read', hints };
const writing: ToolOptions = { ...reading, risk: 'write' };

/** One tool of every kind, and tools whose author says otherwise than their kind. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'kinds', scope: 'kinds' })
export class KindTools {
  @FileTool({ ...reading, maxBytes: 1_000 })
  filePlain(): object {
    return {};
  }

  @DatabaseTool({ ...reading, connection: 'main', transaction: 'read' })
  databaseRead(): object {
    return {};
  }

  @DatabaseTool({ ...writing, connection: 'main' })
  databaseWrite(): object {
    return {};
  }

  @ProcessTool(writing)
  processPlain(): object {
    return {};
  }

  @HttpTool({ ...reading, service: 'weather' })
  httpRead(): object {
    return {};
  }

  @HttpTool({ ...writing, input: Host, service: ({ host }: z.infer<typeof Host>) => host })
  httpWrite(@Input() _input: unknown): object {
    return {};
  }

  @Retry({ attempts: 5 })
  @CallLimits({ attemptTimeoutMs: 7, outputBytes: 9 })
  @HttpTool({ ...reading, service: 'weather' })
  httpAbove(): object {
    return {};
  }

  @HttpTool({ ...reading, service: 'weather' })
  @Retry({ attempts: 5 })
  @CallLimits({ attemptTimeoutMs: 7, outputBytes: 9 })
  httpBelow(): object {
    return {};
  }
}
