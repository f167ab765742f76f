import { Injectable } from '@nestjs/common';
import { CircuitBreakers, completeBreakerSettings } from '@app/recovery';
import { ServerError } from '@app/mcp';
import { isDependencyFault } from '../call/faults.js';
import type { Subject } from '../call/subject.js';
import { DependsOn } from '../policies/depends-on.policy.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AroundStage, type Step } from './around-stage.js';
import { dependencyOf, staticDependencyOf } from './dependency.js';

/**
 * Stage `breaker`: while a dependency fails, calls that need it are refused at once. It sees every attempt. A timeout
 * of the whole call counts at that moment, whatever becomes of the work; mistakes of callers and defects never count.
 */
@Injectable()
export class BreakerStage extends AroundStage {
  override readonly stage = 'breaker';
  override readonly executes = [DependsOn];
  private readonly named = new Set<string>();

  constructor(
    private readonly breakers: CircuitBreakers,
    private readonly policy: LivePolicy,
  ) {
    super();
  }

  override problemsOf({ policies }: Subject): readonly string[] {
    try {
      completeBreakerSettings(policies.get(DependsOn)?.breaker);
      return [];
    } catch (error) {
      return [`declares @DependsOn with a breaker that cannot be: ${(error as Error).message}`];
    }
  }

  override stepFor(subject: Subject): Step | undefined {
    const declared = subject.policies.get(DependsOn);
    if (declared === undefined) return undefined;
    const name = staticDependencyOf(subject);
    if (name !== undefined) this.named.add(name);
    return async (call, next) => {
      call.enter('breaker');
      const breaker = this.breakers.of(dependencyOf(call), declared.breaker);
      const permit = breaker.admit();
      if ('retryAfterMs' in permit) {
        const { retryAfterMs } = permit;
        const error = new ServerError(
          'CIRCUIT_OPEN',
          `${name ?? 'What this call needs'} is failing; calls to it pause.`,
          {
            retryAfterMs,
          },
        );
        this.policy.refuse(call, 'breaker', error);
        return next();
      }
      const runsBefore = call.methodRuns;
      // What waited for its place, and never reached the dependency, says nothing of it.
      call.bounds.onEnd(({ code }) =>
        code === 'TIMEOUT' && call.methodRuns > runsBefore ? permit.fail() : permit.ignore(),
      );
      try {
        const result = await next();
        permit.succeed();
        return result;
      } catch (thrown) {
        // What was refused before the method began says nothing of the dependency.
        if (call.methodRuns > runsBefore && isDependencyFault(thrown)) permit.fail();
        else permit.ignore();
        throw thrown;
      }
    };
  }

  /** 0 closed, 1 ramping up, 2 half open, 3 open: of dependencies that tools name, the caller's own choices apart. */
  states(): Map<string, number> {
    const levels = { closed: 0, ramping: 1, half_open: 2, open: 3 };
    return new Map([...this.named].map((name) => [name, levels[this.breakers.find(name)?.state ?? 'closed']]));
  }
}
