import { Injectable, type Type } from '@nestjs/common';
import type { RunningCall } from '../call/running-call.js';
import { type StageName, stagesOf } from '../stages/stages.js';
import { AuthorizeGuard } from './authorize.guard.js';
import type { Gate } from './gate.js';
import { InputValidationGuard } from './input-validation.guard.js';
import { KillSwitchGuard } from './kill-switch.guard.js';
import { PrincipalGuard } from './principal.guard.js';
import { StuckLoopGuard } from './stuck-loop.guard.js';
import { ThrottleGuard } from './throttle.guard.js';

const BY_STAGE: Partial<Record<StageName, Type<Gate>>> = {
  principal: PrincipalGuard,
  throttle: ThrottleGuard,
  'kill switch': KillSwitchGuard,
  authorize: AuthorizeGuard,
  'stuck loop': StuckLoopGuard,
  'validate input': InputValidationGuard,
};

/** The gates in the order of the one list. @throws Error at load when a stage of the list has none. */
export const GATE_CLASSES: readonly Type<Gate>[] = stagesOf('gate').map((stage) => {
  const gate = BY_STAGE[stage];
  if (gate === undefined) throw new Error(`The stage ${stage} has nothing that carries it out`);
  return gate;
});

/** Every gate, in order. */
@Injectable()
export class Gates {
  private readonly inOrder: readonly Gate[];

  constructor(
    principal: PrincipalGuard,
    throttle: ThrottleGuard,
    killSwitch: KillSwitchGuard,
    authorize: AuthorizeGuard,
    stuckLoop: StuckLoopGuard,
    inputValidation: InputValidationGuard,
  ) {
    const given = [principal, throttle, killSwitch, authorize, stuckLoop, inputValidation];
    this.inOrder = GATE_CLASSES.map((type) => given.find((gate) => gate instanceof type)!);
  }

  /** @throws ServerError of the first gate that refuses */
  pass(call: RunningCall, from = 0): void | Promise<void> {
    for (let index = from; index < this.inOrder.length; index++) {
      const checking = this.inOrder[index]!.pass(call);
      // Most gates decide at once: only what waits makes the others wait.
      if (checking !== undefined) return checking.then(() => this.pass(call, index + 1));
    }
  }

  all(): readonly Gate[] {
    return this.inOrder;
  }
}
