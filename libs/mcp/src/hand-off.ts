import { IntrinsicException } from '@nestjs/common';
import type { CallState } from './input-request.js';

/**
 * Thrown by `ToolCall.handOff` to leave the method: the client gets a task, and the method runs again from its
 * start as that task, with every answer given so far.
 */
export class HandOff extends IntrinsicException {
  constructor(readonly state: CallState) {
    super('handed off');
    this.name = 'HandOff';
  }
}
