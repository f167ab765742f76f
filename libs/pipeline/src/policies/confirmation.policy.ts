import { definePolicy } from './policy.js';

/**
 * Who asks for a confirmation before something is lost for good. `platform` (the default of risk `destructive`): the
 * call is answered CONFIRMATION_REQUIRED with a plan, and runs when it is repeated with `confirm` set to that plan; a
 * call with `dry_run` set needs none. `tool`: the method decides itself, by what it is about to do. `none` is for
 * nothing that cannot be undone.
 */
export const Confirmation = definePolicy<'platform' | 'tool' | 'none'>('confirmation');
