import { Console } from 'node:console';
import type { Readable, Writable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { serveStdio, StdioServerTransport, type StdioServerHandle } from '@modelcontextprotocol/server/stdio';
import { Limits } from '@app/config';
import { AppLog } from '@app/logging';
import type { Principal } from '@app/mcp';
import { ProtocolServerFactory } from '../protocol/protocol-server.factory.js';
import { LineGuard } from './line-guard.js';

/** Tells of its end, also when it ended itself. */
class WatchedTransport extends StdioServerTransport {
  constructor(
    stdin: Readable,
    stdout: Writable,
    maxBufferSize: number,
    private readonly onEnd: () => void,
  ) {
    super(stdin, stdout, { maxBufferSize });
  }

  override async close(): Promise<void> {
    await super.close();
    this.onEnd();
  }
}

/** The protocol on stdin and stdout, one connection for the life of the process. */
@Injectable()
export class StdioEndpoint {
  private handle?: StdioServerHandle;

  constructor(
    private readonly factory: ProtocolServerFactory,
    private readonly limits: Limits,
    private readonly log: AppLog,
  ) {}

  /**
   * @param caller who calls, asked for every request: what he may do can change
   * @param onEnd called when the connection is over, possibly more than once
   */
  start(caller: () => Principal | Promise<Principal>, onEnd: () => void): void {
    const stdout = keepForProtocol();
    process.stdin.once('end', onEnd);
    process.stdin.once('close', onEnd);
    // A client that stops reading must not take the process down with an unhandled error.
    stdout.once('error', onEnd);
    const guard = new LineGuard(this.limits, (code, message) => {
      stdout.write(`${JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null })}\n`);
    });
    const lines = process.stdin.pipe(guard);
    this.handle = serveStdio(({ era }) => this.factory.create(caller, era), {
      transport: new WatchedTransport(lines, stdout, 2 * this.limits.stdioLineBytes, onEnd),
      onerror: (err) => this.log.debug('the stdio connection reports', { err }),
    });
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/**
 * One line of anything else on stdout breaks the client. So whatever a tool or a library prints goes to stderr, and
 * only the transport holds the real stdout.
 */
function keepForProtocol(): Writable {
  const { stdout, stderr } = process;
  Object.defineProperty(process, 'stdout', { get: () => stderr, configurable: true });
  globalThis.console = new Console(stderr, stderr);
  return stdout;
}
