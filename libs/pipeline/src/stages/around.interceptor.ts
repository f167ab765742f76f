import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, map, mergeMap, type Observable } from 'rxjs';
import { callOf, RichResult } from '@app/mcp';
import { AuditIntents } from '../dispatch/audit-intents.js';
import type { Operation } from '../registry/operation.js';
import { OperationRegistry } from '../registry/operation.registry.js';

/**
 * The stages around the method, in one interceptor so that a call pays for one: the audit's intent, written when the
 * call has passed every refusal and before it has an effect, and `validate output`.
 */
@Injectable()
export class AroundInterceptor implements NestInterceptor {
  constructor(
    private readonly registry: OperationRegistry,
    private readonly intents: AuditIntents,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const call = callOf(context);
    const operation = this.registry.ofHandler(context.getHandler());
    const start = (): Observable<unknown> => {
      // Nothing is started for a caller who has his answer already.
      call.throwIfEnded();
      return next.handle();
    };
    const intend = this.intents.take(call);
    const result = intend === undefined ? start() : from(intend()).pipe(mergeMap(start));
    return result.pipe(map((value) => checkOutput(operation, value)));
  }
}

/** What does not fit the published schema is a defect of the tool: a plain error, so that the caller reads INTERNAL. */
function checkOutput(operation: Operation, result: unknown): unknown {
  if (operation.output === undefined) return result;
  const rich = result instanceof RichResult;
  const parsed = operation.output.safeParse(rich ? result.structured : result);
  if (!parsed.success)
    throw new Error(`${operation.name} returned output that does not fit its schema`, { cause: parsed.error });
  return rich ? new RichResult(result.content, parsed.data) : parsed.data;
}
