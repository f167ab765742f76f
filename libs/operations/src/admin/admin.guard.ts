import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ServerSettings } from '@app/config';
import { type Principal, ServerError } from '@app/mcp';
import { allows, isMapped } from '@app/security';
import { EdgeIdentity, EdgeRefusal, OriginRules } from '@app/transport';

/** Scope family of what operators do. */
const FAMILY = 'admin';

export interface AdminRequest {
  readonly raw: IncomingMessage;
  /** Set by the guard. */
  principal: Principal;
}

interface Reply {
  header(name: string, value: string): Reply;
}

/**
 * Lets in who holds a scope of the family `admin`: `admin:read` to look, `admin:write` to change something. Unlike for
 * tools, a caller without any scope of this server may not even look. A web page of another origin, or one that was
 * led here under another name, is refused like at `/mcp`.
 */
@Injectable()
export class AdminGuard implements CanActivate {
  private rules?: OriginRules;

  constructor(
    private readonly settings: ServerSettings,
    private readonly identity: EdgeIdentity,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<AdminRequest>();
    const { raw } = request;
    // Answers hold keys and what was recorded of callers; refusals too differ by who asks.
    http.getResponse<Reply>().header('cache-control', 'no-store');
    this.rules ??= new OriginRules(this.settings, raw.socket.localPort ?? this.settings.port);
    if (this.rules.host(raw.headers.host) !== 'allowed' || !this.rules.origin(raw.headers.origin))
      throw new EdgeRefusal(403, 'This Host or Origin is not served here');
    const principal = await this.identity.identify(raw);
    const action = raw.method === 'GET' || raw.method === 'HEAD' ? 'read' : 'write';
    if (!principal.scopes.some(isMapped) || !allows(principal.scopes, FAMILY, action))
      throw new ServerError('FORBIDDEN', `The caller lacks the scope ${FAMILY}:${action}.`);
    request.principal = principal;
    return true;
  }
}
