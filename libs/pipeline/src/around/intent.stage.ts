import { Injectable } from '@nestjs/common';
import type { Subject } from '../call/subject.js';
import { AroundStage, type Step } from './around-stage.js';

/**
 * Stage `intent`: nothing is started for a caller who has his answer already, and what a call is about to change is
 * recorded before it can have an effect.
 */
@Injectable()
export class IntentStage extends AroundStage {
  override readonly stage = 'intent';

  override stepFor({ risk }: Subject): Step {
    if (risk === 'read')
      return (call, next) => {
        call.current.throwIfEnded();
        return next();
      };
    return async (call, next) => {
      call.enter('intent');
      // Of this attempt: it may be given up while the record is written, and then nothing starts.
      const attempt = call.current;
      await call.recordIntent();
      attempt.throwIfEnded();
      return next();
    };
  }
}
