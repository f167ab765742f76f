import { Injectable } from '@nestjs/common';
import { ServerError } from '@app/mcp';
import { LivePolicy } from '../policies/live-policy.js';
import type { RunningCall } from '../call/running-call.js';
import { Gate } from './gate.js';
import { RepeatedFailures } from './repeated-failures.js';

/**
 * Stage `stuck loop`: an agent that makes the same call again and again, and fails the same way, is told so in words
 * that end the loop, instead of paying for the call once more.
 */
@Injectable()
export class StuckLoopGuard extends Gate {
  override readonly stage = 'stuck loop';

  constructor(
    private readonly failures: RepeatedFailures,
    private readonly policy: LivePolicy,
  ) {
    super();
  }

  override check(call: RunningCall): void {
    const stuck = this.failures.of(call);
    if (stuck === undefined) return;
    this.policy.refuse(
      call,
      'stuck_loop',
      new ServerError(
        'STUCK_LOOP',
        `This very call has failed ${stuck.times} times in the same way (${stuck.code}); it was not made again.`,
        {
          hint: 'Do something else: change the arguments, look at the state first, or tell the user what is in the way.',
        },
      ),
    );
  }
}
