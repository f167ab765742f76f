import { Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ExternalContextCreator } from '@nestjs/core';
import type { ToolCall } from '@app/mcp';

type Invoke = (call: ToolCall) => Promise<unknown>;

/** Without a params factory Nest ignores parameter decorators; custom ones need nothing from it. */
const PARAMS_FACTORY = { exchangeKeyForValue: () => undefined };

/** The only place that touches Nest's undocumented external contexts. */
@Injectable()
export class Invoker {
  constructor(private readonly contexts: ExternalContextCreator) {}

  /** One ready function that runs guards, interceptors, pipes, the method and filters. Made once per method. */
  of(instance: object, method: string): Invoke {
    const prototype = Object.getPrototypeOf(instance) as Record<string, (...args: unknown[]) => unknown>;
    return this.contexts.create(
      instance as Record<string, (...args: unknown[]) => unknown>,
      prototype[method]!,
      method,
      ROUTE_ARGS_METADATA,
      PARAMS_FACTORY,
      undefined,
      undefined,
      undefined,
      'mcp',
    ) as Invoke;
  }
}
