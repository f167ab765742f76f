import { Injectable } from '@nestjs/common';
import { ServerError } from '@app/mcp';
import type { RunningCall } from '../call/running-call.js';
import { Gate } from './gate.js';

/** Stage `principal`: no call runs without a caller of full shape, whoever built the request. */
@Injectable()
export class PrincipalGuard extends Gate {
  override readonly stage = 'principal';

  override check({ principal }: RunningCall): void {
    if (principal?.subject && principal.tenant && Array.isArray(principal.scopes)) return;
    throw new ServerError('UNAUTHENTICATED', 'The call has no caller.');
  }
}
