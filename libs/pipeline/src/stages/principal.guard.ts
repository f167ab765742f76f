import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { callOf, ServerError } from '@app/mcp';

/** Stage `principal`: no call runs without a caller of full shape, whoever built the request. */
@Injectable()
export class PrincipalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { principal } = callOf(context);
    if (principal?.subject && principal.tenant && Array.isArray(principal.scopes)) return true;
    throw new ServerError('UNAUTHENTICATED', 'The call has no caller.');
  }
}
