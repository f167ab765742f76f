import type { LoggingLevel, ServerContext } from '@modelcontextprotocol/server';
import type { ClientChannel } from '@app/mcp';

/** Progress and log messages of one call over the SDK. Progress that does not increase is dropped, as the protocol demands. */
export class SdkClientChannel implements ClientChannel {
  private last = -Infinity;

  constructor(private readonly ctx: ServerContext) {}

  progress(progress: number, total?: number, message?: string): void {
    const { _meta, signal, notify } = this.ctx.mcpReq;
    const progressToken = _meta?.progressToken;
    if (progressToken === undefined || progress <= this.last || signal.aborted) return;
    this.last = progress;
    const params = {
      progressToken,
      progress,
      ...(total !== undefined && { total }),
      ...(message !== undefined && { message }),
    };
    // A client that is gone cannot be told; its call is cancelled by its own signal.
    void notify({ method: 'notifications/progress', params }).catch(() => undefined);
  }

  log(level: string, data: unknown): void {
    void this.ctx.mcpReq.log(level as LoggingLevel, data).catch(() => undefined);
  }
}
