import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Tool, type ToolOptions } from '@app/mcp';
import { CallLimits } from './call-limits.policy.js';
import { DependsOn } from './depends-on.policy.js';
import { Retry } from './retry.policy.js';
import { InTransaction } from './in-transaction.policy.js';

/** Which bundle a tool was declared with. A bundle whose policies change gets a new version. */
export interface ToolKind {
  readonly kind: 'file' | 'database' | 'process' | 'http';
  readonly version: number;
}
/** Left on the method by a bundle; it says nothing a stage would execute. */
export const KindMark = Reflector.createDecorator<ToolKind>();

type Method = MethodDecorator;
const kind = (name: ToolKind['kind']): Method => KindMark({ kind: name, version: 1 });

/** A tool that works on files: its result is bounded by what one file may hold. */
export function FileTool({ maxBytes, ...tool }: ToolOptions & { readonly maxBytes: number }): Method {
  return applyDecorators(Tool(tool), kind('file'), CallLimits.inBundle({ outputBytes: maxBytes }));
}

export interface DatabaseToolOptions extends ToolOptions {
  /** Name of the connection; all tools on it share its breaker, its retry budget and its places. */
  readonly connection: string;
  /** `read` and `write` run the method in one transaction that ends as the method ends; needs an executor of transactions. */
  readonly transaction?: 'read' | 'write';
}

/** A tool that works on a database. Reads are tried again when the connection is lost. */
export function DatabaseTool({ connection, transaction, ...tool }: DatabaseToolOptions): Method {
  return applyDecorators(
    Tool(tool),
    kind('database'),
    DependsOn.inBundle({ dependency: `db:${connection}` }),
    ...(isRepeatable(tool) ? [Retry.inBundle({ attempts: 3 })] : []),
    ...(transaction === undefined ? [] : [InTransaction.inBundle({ connection, mode: transaction })]),
  );
}

/** A tool that runs programs: few at once, and their output is bounded. */
export function ProcessTool({
  concurrency = 4,
  maxOutputBytes = 1_048_576,
  ...tool
}: ToolOptions & { readonly concurrency?: number; readonly maxOutputBytes?: number }): Method {
  return applyDecorators(
    Tool(tool),
    kind('process'),
    CallLimits.inBundle({ concurrency, outputBytes: maxOutputBytes }),
  );
}

export interface HttpToolOptions extends ToolOptions {
  /** The service's name, or what gives the host out of the arguments: one breaker per host and tenant then. */
  readonly service: string | ((input: never) => string);
  /** Time one attempt has; default 10 s. */
  readonly attemptTimeoutMs?: number;
}

/** A tool that calls a service over HTTP. */
export function HttpTool({ service, attemptTimeoutMs = 10_000, ...tool }: HttpToolOptions): Method {
  return applyDecorators(
    Tool(tool),
    kind('http'),
    DependsOn.inBundle({ dependency: typeof service === 'string' ? `http:${service}` : service }),
    CallLimits.inBundle({ attemptTimeoutMs }),
    ...(isRepeatable(tool) ? [Retry.inBundle({ attempts: 3 })] : []),
  );
}

const isRepeatable = ({ risk, hints }: ToolOptions): boolean => risk === 'read' || hints.idempotent;
