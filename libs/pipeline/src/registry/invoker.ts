import { type CanActivate, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';
import type { ToolCall } from '@app/mcp';

type Invoke = (call: ToolCall) => Promise<unknown>;

/** Without a params factory Nest ignores parameter decorators; custom ones need nothing from it. */
const PARAMS_FACTORY = { exchangeKeyForValue: () => undefined };

/** The only place that touches what Nest does not document: its external contexts, and the order of its global enhancers. */
@Injectable()
export class Invoker {
  constructor(
    private readonly contexts: ExternalContextCreator,
    private readonly application: ApplicationConfig,
  ) {}

  /**
   * Puts the platform's enhancers at the head of the global ones, which Nest runs first: no APP_GUARD decides before
   * them, and no APP_INTERCEPTOR sees a result that they have not seen.
   * @throws Error where Nest no longer keeps them so
   */
  install(guard: CanActivate, interceptor: NestInterceptor): void {
    this.application.getGlobalGuards().unshift(guard);
    this.application.getGlobalInterceptors().unshift(interceptor);
    if (this.application.getGlobalGuards()[0] !== guard || this.application.getGlobalInterceptors()[0] !== interceptor)
      throw new Error("The platform's stages could not be put before all others");
  }

  /** Enhancers that are made per request: Nest leaves them out where there is no request of its own kind. */
  madePerRequest(): readonly string[] {
    return [
      ...this.application.getGlobalRequestGuards(),
      ...this.application.getGlobalRequestInterceptors(),
      ...this.application.getGlobalRequestPipes(),
      ...this.application.getGlobalRequestFilters(),
    ].map(({ name, metatype }) => String((metatype as { name?: string } | null)?.name ?? name));
  }

  /** One ready function that runs guards, interceptors, pipes, the method and filters. Made once per method. */
  of(instance: object, handler: (...args: never[]) => unknown, method: string): Invoke {
    return this.contexts.create(
      instance as Record<string, (...args: unknown[]) => unknown>,
      handler as (...args: unknown[]) => unknown,
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
