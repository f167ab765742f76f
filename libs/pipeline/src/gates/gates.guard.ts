import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { type RunningCall, runningCallOf } from '../call/running-call.js';
import { Gates } from './gates.js';

/** The platform's one guard: every gate, in order, before any guard of an author or of the application. */
@Injectable()
export class GatesGuard implements CanActivate {
  constructor(private readonly gates: Gates) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    // Global guards also stand before the routes of the application, which are no calls.
    if (context.getType<string>() !== 'mcp') return true;
    const call = runningCallOf(context);
    try {
      const passing = this.gates.pass(call);
      return (
        passing === undefined ||
        passing.then(
          () => true,
          (thrown: unknown) => refuse(call, thrown),
        )
      );
    } catch (thrown) {
      return refuse(call, thrown);
    }
  }
}

/** Kept, because an author's filter could make something else of it. */
function refuse(call: RunningCall, thrown: unknown): never {
  call.ending = { kind: 'refusal', thrown };
  throw thrown;
}
