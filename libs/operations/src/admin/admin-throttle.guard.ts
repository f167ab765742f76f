import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { principalKey, ServerError } from '@app/mcp';
import { CounterThrottlerStorage } from '@app/security';
import { CounterStore } from '@app/storage';
import type { AdminRequest } from './admin.guard.js';

/** Requests of one operator to one route in any minute. */
const REQUESTS = 120;
const MINUTE_MS = 60_000;

/**
 * Counts the requests of each operator to each route, by the guard of @nestjs/throttler. Stands behind the guard that
 * says who asks.
 */
@Injectable()
export class AdminThrottleGuard implements CanActivate {
  private made?: Promise<CanActivate>;

  constructor(
    private readonly counters: CounterStore,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    this.made ??= this.make();
    return (await this.made).canActivate(context) as Promise<boolean>;
  }

  /** Loaded late, because it is CommonJS and requires Nest, which must have been evaluated before. */
  private async make(): Promise<CanActivate> {
    const { ThrottlerGuard } = await import('@nestjs/throttler');
    class OperatorThrottlerGuard extends ThrottlerGuard {
      protected override getTracker(request: AdminRequest): Promise<string> {
        return Promise.resolve(principalKey(request.principal));
      }

      protected override throwThrottlingException(
        _context: ExecutionContext,
        { timeToBlockExpire }: { readonly timeToBlockExpire: number },
      ): Promise<void> {
        throw new ServerError('RATE_LIMITED', 'Too many requests to this route.', {
          retryAfterMs: timeToBlockExpire * 1_000,
        });
      }
    }
    const storage = new CounterThrottlerStorage(this.counters);
    const guard = new OperatorThrottlerGuard([{ limit: REQUESTS, ttl: MINUTE_MS }], storage, this.reflector);
    await guard.onModuleInit();
    return guard;
  }
}
