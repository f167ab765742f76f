import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { callOf } from '@app/mcp';
import { OperationRegistry } from '../registry/operation.registry.js';
import { parseInput } from './input-validation.js';

/** Stage `validate input`: replaces the raw arguments by the parsed ones, or refuses the call. */
@Injectable()
export class InputValidationGuard implements CanActivate {
  constructor(private readonly registry: OperationRegistry) {}

  canActivate(context: ExecutionContext): boolean {
    const call = callOf(context);
    const operation = this.registry.ofHandler(context.getHandler());
    // A resource's input is what its template took out of the URI: always strings, never more than the template has.
    if (operation.kind !== 'resource') call.input = parseInput(operation, call.input);
    return true;
  }
}
