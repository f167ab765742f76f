import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { InputRequired, ServerError } from '@app/mcp';
import type { Subject } from '../call/subject.js';
import { LivePolicy } from '../policies/live-policy.js';
import { AroundStage, type Step } from './around-stage.js';
import { isLargerThan } from './json-size.js';
import { checkOutput } from './output-validation.js';

/**
 * Stage `validate output`: what does not fit the published schema is a defect, never sent; what is too large is refused
 * whole, because what is cut off would no longer fit the schema.
 */
@Injectable()
export class OutputStage extends AroundStage {
  override readonly stage = 'validate output';

  constructor(
    private readonly policy: LivePolicy,
    private readonly limits: Limits,
  ) {
    super();
  }

  override stepFor(subject: Subject): Step {
    return async (call, next) => {
      let result: unknown;
      try {
        result = await next();
      } catch (thrown) {
        // A question that was not declared could meet a transport that cannot ask it: a defect, told in the log.
        if (thrown instanceof InputRequired && !subject.asksClient)
          throw new Error(`${subject.name} asked its client, but does not declare asksClient`, { cause: thrown });
        throw thrown;
      }
      call.enter('validate output');
      const output = checkOutput(subject, result);
      const maxBytes = this.policy.limitsOf(subject).outputBytes ?? this.limits.outputBytes;
      if (!isLargerThan(output, maxBytes)) return output;
      throw new ServerError('LIMIT', `The result is larger than ${maxBytes} bytes.`, { hint: 'Ask for less at once.' });
    };
  }
}
