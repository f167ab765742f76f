import { Injectable } from '@nestjs/common';
import { Clock } from '@app/recovery';
import { ServerError } from '@app/mcp';
import { armLater } from '../call/arm-later.js';
import { Lifetime } from '../call/lifetime.js';
import { OverdueWork } from '../call/overdue-work.js';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { CallLimits } from '../policies/call-limits.policy.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AroundStage, type Next, type Step } from './around-stage.js';

/**
 * Stage `attempt timeout`: one attempt is given up before the whole call is, so that another can be made. The work is
 * told by its signal; where it goes on all the same it keeps its places, and is counted, until it ends.
 */
@Injectable()
export class AttemptTimeoutStage extends AroundStage {
  override readonly stage = 'attempt timeout';
  override readonly executes = [CallLimits];

  constructor(
    private readonly policy: LivePolicy,
    private readonly overdue: OverdueWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  override stepFor(subject: Subject): Step {
    return (call, next) => {
      const timeoutMs = this.policy.limitsOf(subject).attemptTimeoutMs;
      if (timeoutMs === undefined) {
        // The operator may have taken the limit away since the attempt before.
        call.current = call;
        return next();
      }
      call.enter('attempt timeout');
      return this.attempt(call, timeoutMs, next);
    };
  }

  private attempt(call: RunningCall, timeoutMs: number, next: Next): Promise<unknown> {
    const endsAt = Math.min(call.bounds.deadlineAt, this.clock.now() + timeoutMs);
    const lifetime = new Lifetime(endsAt);
    call.current = call.forAttempt(lifetime);
    return new Promise((resolve, reject) => {
      let isOver = false;
      let cancelTimer: (() => void) | undefined;
      const settle = (): boolean => {
        if (isOver) return false;
        isOver = true;
        cancelTimer?.();
        return true;
      };
      const giveUp = (reason: ServerError): void => {
        if (!settle()) return;
        lifetime.end(reason);
        call.outliving.push(work);
        this.overdue.track(work);
        reject(reason);
      };
      const late = (): void => {
        if (isOver) return;
        call.note('attempt timeout', 'timed out');
        const { isRepeatable } = call.subject;
        giveUp(
          new ServerError('TIMEOUT', `An attempt did not end within ${timeoutMs} ms.`, { retryable: isRepeatable }),
        );
      };
      const work = next();
      work.then(
        (value) => void (settle() && resolve(value)),
        (error: unknown) => void (settle() && reject(error as Error)),
      );
      armLater(() => {
        if (isOver) return;
        cancelTimer = this.clock.after(endsAt - this.clock.now(), late);
        call.bounds.onEnd(giveUp);
      });
    });
  }
}
