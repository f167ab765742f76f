import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { CODES, ServerError } from '@app/mcp';
import { EdgeRefusal } from '@app/transport';
import { AppLog } from '@app/logging';

interface Reply {
  code(status: number): Reply;
  headers(headers: Readonly<Record<string, string>>): Reply;
  type(type: string): Reply;
  send(body: string): void;
}

/** RFC 9457, with our code where there is one. */
interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const STATUS_OF: Readonly<Record<string, number>> = {
  NOT_FOUND: 404,
  CONFLICT: 409,
  POLICY_DENIED: 403,
  PERMISSION: 403,
  LIMIT: 413,
};

/** What goes wrong on a route that is not MCP is told as problem+json. A defect is told as nothing but that. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: AppLog) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const { status, title, detail, code, headers = {} } = this.problemOf(thrown);
    const reply = host.switchToHttp().getResponse<Reply>();
    const body = { type: 'about:blank', title, status, ...(detail && { detail }), ...(code && { code }) };
    reply.code(status).headers(headers).type('application/problem+json').send(JSON.stringify(body));
  }

  private problemOf(thrown: unknown): Problem {
    if (thrown instanceof EdgeRefusal)
      return { status: thrown.status, title: 'Refused', detail: thrown.message, headers: thrown.headers };
    if (thrown instanceof ServerError && thrown.code !== 'INTERNAL') {
      const { edgeStatus, fault } = CODES[thrown.code];
      const status = STATUS_OF[thrown.code] ?? edgeStatus ?? (fault === 'caller' ? 400 : 503);
      const { code, message: detail, retryAfterMs } = thrown;
      const headers: Record<string, string> =
        retryAfterMs === undefined ? {} : { 'retry-after': `${Math.ceil(retryAfterMs / 1_000)}` };
      return { status, title: code, detail, code, headers };
    }
    if (thrown instanceof HttpException) {
      const response = thrown.getResponse();
      const { message } = (typeof response === 'string' ? { message: response } : response) as { message?: unknown };
      const detail = Array.isArray(message) ? message.join('; ') : String(message ?? thrown.message);
      return { status: thrown.getStatus(), title: thrown.name.replace(/Exception$/, ''), detail };
    }
    this.log.error('a request of an operator failed', { err: thrown });
    return { status: 500, title: 'Internal server error', code: 'INTERNAL' };
  }
}
