import type { CanActivate, Type } from '@nestjs/common';
import { InputValidationGuard } from './input-validation.guard.js';
import { IntentGuard } from './intent.guard.js';
import { PrincipalGuard } from './principal.guard.js';
import { type StageName, STAGES } from './stages.js';

/** The guard that carries out each stage that is a guard's. */
const GUARDS: Partial<Record<StageName, Type<CanActivate>>> = {
  principal: PrincipalGuard,
  'validate input': InputValidationGuard,
  intent: IntentGuard,
};

/** The platform's guards in the order of the one list. @throws Error at load when a stage of the list has no guard. */
export const GUARD_STAGES: readonly Type<CanActivate>[] = STAGES.filter(({ carrier }) => carrier === 'guard').map(
  ({ name }) => {
    const guard = GUARDS[name];
    if (guard === undefined) throw new Error(`The stage ${name} has nothing that carries it out`);
    return guard;
  },
);
