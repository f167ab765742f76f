import type { Type } from '@nestjs/common';
import type { ServerProbe } from '@app/testing';
import { InProcessServer, type InProcessOptions } from '../security/in-process-server.js';
import { modernRequest, post } from '../support/mcp-messages.js';
import { StagedTools } from './staged.toolset.js';

/** What a caller reads of one call. */
export interface Told {
  /** `success`, or the code of the failure. */
  readonly end: string;
  readonly text: string;
  readonly callId: string;
  readonly structured?: Record<string, unknown>;
  readonly error?: Record<string, unknown>;
  readonly degraded?: Record<string, unknown>;
}

const OWN = 'mcp-software-engineer/';

/** The whole server behind a real port, with a tool for each policy. */
export class StagedServer {
  private constructor(
    private readonly server: InProcessServer,
    readonly probe: ServerProbe,
  ) {}

  static async start(options: Partial<InProcessOptions> = {}, toolsetClasses: readonly Type[] = [StagedTools]) {
    const server = await InProcessServer.start({ workspace: import.meta.dirname, ...options, toolsetClasses });
    return new StagedServer(server, server.probe);
  }

  get tools(): StagedTools {
    return this.probe.get(StagedTools);
  }
  get url(): string {
    return this.server.url;
  }

  /** One call over HTTP. @param key of idempotency */
  async call(name: string, args: unknown = { key: 'a' }, key?: unknown, signal?: AbortSignal): Promise<Told> {
    const meta = key === undefined ? undefined : { [`${OWN}idempotency_key`]: key };
    const { headers, body } = modernRequest('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) });
    if (signal !== undefined) {
      await fetch(this.url, { method: 'POST', headers, body, signal });
      throw new Error('the caller was expected to leave');
    }
    const { message } = await post(this.url, body, headers);
    if (message.error !== undefined) throw new Error(`${message.error.code}: ${message.error.message}`);
    const result = message.result as {
      isError?: boolean;
      content: { text: string }[];
      structuredContent?: Record<string, unknown>;
      _meta: Record<string, unknown>;
    };
    const error = result._meta[`${OWN}error`] as Record<string, unknown> | undefined;
    return {
      end: result.isError === true ? String(error!['code']) : 'success',
      text: result.content[0]?.text ?? '',
      callId: String(result._meta[`${OWN}call_id`]),
      structured: result.structuredContent,
      error,
      degraded: result._meta[`${OWN}degraded`] as Record<string, unknown> | undefined,
    };
  }

  /** Audit records of one call, in order. */
  async audit(callId: string): Promise<Record<string, unknown>[]> {
    await new Promise((next) => setImmediate(next));
    return this.server.log().filter((line) => line['msg'] === 'audit' && line['callId'] === callId);
  }
  log(): Record<string, unknown>[] {
    return this.server.log();
  }
  /** How often a stage decided so. */
  decisions(stage: string, operation: string, decision: string): Promise<number> {
    return this.probe.metric('wcgw_stage_decisions_total', { stage, operation, decision });
  }
  outcomes(operation: string, outcome: string): Promise<number> {
    return this.probe.metric('wcgw_call_outcomes_total', { operation, outcome });
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }
}
