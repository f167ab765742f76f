import { Injectable } from '@nestjs/common';
import { serveStdio, type StdioServerHandle } from '@modelcontextprotocol/server/stdio';
import { AppLog } from '@app/logging';
import { LOCAL_PRINCIPAL } from '@app/mcp';
import { ProtocolServerFactory } from '../protocol/protocol-server.factory.js';

/** The protocol on stdin and stdout, one connection for the life of the process. */
@Injectable()
export class StdioEndpoint {
  private handle?: StdioServerHandle;

  constructor(
    private readonly factory: ProtocolServerFactory,
    private readonly log: AppLog,
  ) {}

  /** @param onEnd called once, when the client has closed its end. */
  start(onEnd: () => void): void {
    process.stdin.once('end', onEnd);
    process.stdin.once('close', onEnd);
    // A client that stops reading must not take the process down with an unhandled error.
    process.stdout.once('error', onEnd);
    this.handle = serveStdio(({ era }) => this.factory.create(LOCAL_PRINCIPAL, era), {
      onerror: (err) => this.log.debug('the stdio connection reports', { err }),
    });
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}
