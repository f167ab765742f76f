import { Injectable } from '@nestjs/common';
import type { RunningCall } from '../call/running-call.js';
import { Gate } from './gate.js';
import { parseInput } from './input-validation.js';

/** Stage `validate input`: replaces the raw arguments by the parsed ones, or refuses the call. */
@Injectable()
export class InputValidationGuard extends Gate {
  override readonly stage = 'validate input';

  override check(call: RunningCall): void {
    // Only tools and prompts take what a caller sends; a template's variables are strings cut out of a URI.
    if (call.subject.kind !== 'tool' && call.subject.kind !== 'prompt') return;
    call.input = parseInput(call.subject, call.input);
    call.isInputValidated = true;
  }
}
