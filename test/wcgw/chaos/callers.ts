import { request } from 'node:http';
import { inspect } from 'node:util';
import { type ClientChannel, IDEMPOTENCY_KEY_META, type Principal, ProtocolViolation } from '@app/mcp';
import { Dispatcher } from '@app/pipeline';
import { ALICE, BOB, READER } from '@app/testing';
import { modernRequest } from '../../support/mcp-messages.js';
import type { StagedServer } from '../staged-server.js';
import type { Decision } from './decisions.js';
import type { Told } from './ledger.js';
import { CHAOS_META, type Workbench } from './workbench.js';

/** One call that is about to be made. */
export interface Asking {
  readonly decision: Decision;
  readonly tool: string;
  readonly args: unknown;
  /** Which of all calls it is. */
  readonly number: number;
}

const PRINCIPALS: Readonly<Record<Decision['caller'], Principal>> = { alice: ALICE, bob: BOB, rita: READER };
const SILENT: ClientChannel = { progress: () => undefined, log: () => undefined };
const PLAN = /plan_[A-Za-z0-9_-]+/;
const UNKNOWN_TOOL = -32_602;

const metaOf = ({ decision: { fault, idempotencyKey }, number }: Asking): Record<string, unknown> => ({
  [CHAOS_META]: { fault, number },
  ...(idempotencyKey !== undefined && { [IDEMPOTENCY_KEY_META]: idempotencyKey }),
});

/** Straight into the dispatcher, where every transport ends. */
export async function askDirectly(server: StagedServer, bench: Workbench, asking: Asking): Promise<Told> {
  const { decision, tool, args, number } = asking;
  const whenGone = (gone: () => void): void => {
    if (decision.leaves === 'at once') gone();
    else if (decision.leaves === 'soon') setTimeout(gone, decision.soonMs);
    else if (decision.leaves === 'at work') bench.beginnings.set(number, gone);
  };
  const call = { principal: PRINCIPALS[decision.caller], client: SILENT, whenGone, meta: metaOf(asking) };
  try {
    const outcome = await server.probe.get(Dispatcher).callTool(tool, args, call);
    if (outcome.kind === 'failure') {
      const { code, message, hint } = outcome.error;
      return { end: code, text: `${message} ${hint}`, plan: PLAN.exec(hint ?? '')?.[0] };
    }
    const structured = outcome.kind === 'success' ? outcome.value.structured : undefined;
    return { end: outcome.kind, text: inspect(outcome, { depth: 6 }), structured };
  } catch (thrown) {
    return { end: thrown instanceof ProtocolViolation ? 'unknown_operation' : 'thrown', text: inspect(thrown) };
  } finally {
    bench.beginnings.delete(number);
  }
}

interface WireMessage {
  readonly id?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: Record<string, unknown>;
    readonly _meta: Readonly<Record<string, { readonly code?: string }>>;
  };
}

/** Through a port, with a connection of its own. */
export async function askOverHttp(server: StagedServer, bench: Workbench, asking: Asking): Promise<Told> {
  const { decision, tool, args, number } = asking;
  const gone = new AbortController();
  if (decision.leaves === 'at work') bench.beginnings.set(number, () => gone.abort());
  const params = { name: tool, arguments: args, _meta: metaOf(asking) };
  const { headers, body } = modernRequest('tools/call', params, { id: number });
  try {
    const { status, text } = await send(server.url, headers, body, gone.signal);
    return { ...read(text, number, status), text };
  } catch (thrown) {
    return { end: gone.signal.aborted ? 'left' : 'thrown', text: inspect(thrown) };
  } finally {
    bench.beginnings.delete(number);
  }
}

function read(text: string, number: number, status: number): Omit<Told, 'text'> {
  const events = text.split('\n').filter((line) => line.startsWith('data: '));
  const message = JSON.parse(events.at(-1)?.slice('data: '.length) ?? text) as WireMessage;
  if (message.id !== number) return { end: `an answer to ${String(message.id)} with status ${status}` };
  if (message.error !== undefined)
    return { end: message.error.code === UNKNOWN_TOOL ? 'unknown_operation' : `error ${message.error.code}` };
  const { isError, structuredContent, _meta } = message.result!;
  if (isError !== true) return { end: 'success', structured: structuredContent };
  return { end: String(_meta['mcp-software-engineer/error']?.code), plan: PLAN.exec(text)?.[0] };
}

function send(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((done, failed) => {
    const sent = request(url, { method: 'POST', headers, agent: false, signal }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => done({ status: response.statusCode!, text: Buffer.concat(parts).toString() }));
      response.once('error', failed);
    });
    sent.once('error', failed);
    sent.end(body);
  });
}
