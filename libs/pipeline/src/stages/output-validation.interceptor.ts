import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { callOf, RichResult } from '@app/mcp';
import type { Operation } from '../registry/operation.js';
import { OperationRegistry } from '../registry/operation.registry.js';

/**
 * Stage `validate output`: what does not fit the published schema is a defect of the tool, never sent.
 * It throws a plain error, so the caller reads INTERNAL and the log has the reason.
 */
@Injectable()
export class OutputValidationInterceptor implements NestInterceptor {
  constructor(private readonly registry: OperationRegistry) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const operation = this.registry.ofHandler(context.getHandler());
    // Nothing is started for a caller who has his answer already.
    callOf(context).throwIfEnded();
    return next.handle().pipe(map((result) => checkOutput(operation, result)));
  }
}

function checkOutput(operation: Operation, result: unknown): unknown {
  if (operation.output === undefined) return result;
  const rich = result instanceof RichResult;
  const parsed = operation.output.safeParse(rich ? result.structured : result);
  if (!parsed.success)
    throw new Error(`${operation.name} returned output that does not fit its schema`, { cause: parsed.error });
  return rich ? new RichResult(result.content, parsed.data) : parsed.data;
}
