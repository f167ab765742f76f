import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { callOf } from '@app/mcp';
import { AuditIntents } from '../dispatch/audit-intents.js';

/**
 * The last of the platform's guards: nothing is started for a caller who has his answer already, and the intent of a
 * call that changes something is recorded once it has passed every refusal of ours, before it can have an effect.
 */
@Injectable()
export class IntentGuard implements CanActivate {
  constructor(private readonly intents: AuditIntents) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const call = callOf(context);
    call.throwIfEnded();
    const intend = this.intents.take(call);
    return intend === undefined || intend().then(() => true);
  }
}
