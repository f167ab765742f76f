import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { Bulkhead } from '@app/recovery';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { CallLimits, problemsOfLimits } from '../policies/call-limits.policy.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AroundStage, type Next, type Step } from './around-stage.js';
import { staticDependencyOf } from './dependency.js';

interface Room {
  readonly name: string;
  readonly bulkhead: Bulkhead;
}

/**
 * Stage `bulkhead`: so many calls of a tool work at once, so many wait, the rest is refused, so that no tool takes all
 * places of the server. Tools that share a dependency, and have as many places, share them: what hangs with it
 * hangs in one room.
 */
@Injectable()
export class BulkheadStage extends AroundStage {
  override readonly stage = 'bulkhead';
  override readonly executes = [CallLimits];
  private readonly rooms = new Map<string, Room>();

  constructor(
    private readonly policy: LivePolicy,
    private readonly limits: Limits,
  ) {
    super();
  }

  override problemsOf({ policies }: Subject): readonly string[] {
    return problemsOfLimits(policies.get(CallLimits) ?? {});
  }

  override stepFor(subject: Subject): Step {
    return (call, next) => {
      call.enter('bulkhead');
      return this.inPlace(this.roomFor(subject), call, next);
    };
  }

  /** Places taken and waited for, by room. */
  running(): Map<string, number> {
    return this.sum(({ running }) => running);
  }
  waiting(): Map<string, number> {
    return this.sum(({ waiting }) => waiting);
  }

  private sum(count: (bulkhead: Bulkhead) => number): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { name, bulkhead } of this.rooms.values()) sums.set(name, (sums.get(name) ?? 0) + count(bulkhead));
    return sums;
  }

  private async inPlace(bulkhead: Bulkhead, call: RunningCall, next: Next): Promise<unknown> {
    if (bulkhead.running >= bulkhead.size && this.policy.isShadowed(call.subject, 'bulkhead')) {
      call.note('bulkhead', bulkhead.refusesNow ? 'would refuse OVERLOADED' : 'would wait');
      return next();
    }
    const waiting = bulkhead.enter(() => call.signal);
    if (waiting !== undefined) {
      call.note('bulkhead', 'waited');
      await waiting;
    }
    const before = call.outliving.length;
    try {
      return await next();
    } finally {
      const late = call.outliving[before];
      if (late === undefined) bulkhead.leave();
      else
        late.then(
          () => bulkhead.leave(),
          () => bulkhead.leave(),
        );
    }
  }

  /**
   * Tools of one dependency with the same number of places are in one room. The operator may change the number at run
   * time: who is inside leaves the old room, who comes enters the new one.
   */
  private roomFor(subject: Subject): Bulkhead {
    const given = this.policy.limitsOf(subject);
    const maxConcurrent = given.concurrency ?? this.limits.callsPerTool;
    const maxQueued = given.queue ?? this.limits.callsWaitingPerTool;
    const name = staticDependencyOf(subject) ?? `${subject.kind}:${subject.name}`;
    const key = `${name} ${maxConcurrent} ${maxQueued}`;
    const known = this.rooms.get(key);
    if (known !== undefined) return known.bulkhead;
    this.forgetEmpty(name);
    const bulkhead = new Bulkhead({ maxConcurrent, maxQueued });
    this.rooms.set(key, { name, bulkhead });
    return bulkhead;
  }

  /** A room nobody is in is as good as a new one. */
  private forgetEmpty(name: string): void {
    for (const [key, room] of this.rooms)
      if (room.name === name && room.bulkhead.running + room.bulkhead.waiting === 0) this.rooms.delete(key);
  }
}
