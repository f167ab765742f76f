import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
} from '@modelcontextprotocol/server';
import { AppLog } from '@app/logging';
import { type ClientChannel, ProtocolViolation, ServerIdentity } from '@app/mcp';
import { Dispatcher, type Outcome, OperationRegistry, type ToolOperation, type ToolValue } from '@app/pipeline';
import type { EdgeFacts } from '../protocol/caller.js';
import { failureJson, successJson } from '../protocol/tool-result.js';
import { sendJson, sendRefusal } from './answer.js';
import { AnswerBudget } from './answer-budget.js';

export const MODERN_VERSION = '2026-07-28';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface PlainCall {
  readonly id: string | number;
  readonly tool: ToolOperation;
  readonly input: unknown;
  readonly meta: Json;
}

/** The client did not ask for progress or log messages, or it would be on the other lane. */
const SILENT: ClientChannel = { progress: () => undefined, log: () => undefined };
const RESERVED_KEYS = new Set([PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY]);
/** Keys the protocol gives a meaning: such a call wants more than one plain answer, or is the SDK's to judge. */
const isProtocolKey = (key: string): boolean => key === 'progressToken' || key.startsWith('io.modelcontextprotocol/');

/**
 * The short way of a plain modern `tools/call`: one parsed message in, one JSON text out, without a server object,
 * a web request or a second validation per call. It takes only what plainly fits; whatever is unusual or wrong goes
 * to the SDK's lane, which is the judge of the protocol. Both end in the same dispatcher, and a test holds their
 * answers against each other.
 */
@Injectable()
export class HotLane {
  /** Members every result carries in `_meta`, as JSON. */
  private readonly metaTail: string;
  private calls = 0;

  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly registry: OperationRegistry,
    private readonly answers: AnswerBudget,
    private readonly log: AppLog,
    identity: ServerIdentity,
  ) {
    const { name, title, version } = identity;
    this.metaTail = `"${SERVER_INFO_META_KEY}":${JSON.stringify({ name, title, version })}`;
  }

  /** Calls this lane has taken. */
  taken(): number {
    return this.calls;
  }

  /** @returns false when the message is not for this lane; nothing has happened then. */
  serve(headers: IncomingHttpHeaders, message: Json, res: ServerResponse, facts: EdgeFacts): boolean {
    const call = this.recognise(headers, message);
    if (call === undefined) return false;
    this.calls++;
    void this.answer(call, res, facts);
    return true;
  }

  private recognise(headers: IncomingHttpHeaders, message: Json): PlainCall | undefined {
    const { jsonrpc, id, method, params } = message;
    if (method !== 'tools/call' || jsonrpc !== '2.0' || !isObject(params)) return undefined;
    if (typeof id !== 'string' && !Number.isSafeInteger(id)) return undefined;
    const { name, arguments: input, _meta: meta, ...others } = params;
    for (const _key in others) return undefined;
    for (const key in message)
      if (key !== 'jsonrpc' && key !== 'id' && key !== 'method' && key !== 'params') return undefined;
    if (typeof name !== 'string' || (input !== undefined && !isObject(input)) || !isObject(meta)) return undefined;
    if (
      meta[PROTOCOL_VERSION_META_KEY] !== MODERN_VERSION ||
      headers['mcp-protocol-version'] !== MODERN_VERSION ||
      headers['mcp-method'] !== method ||
      headers['mcp-name'] !== name
    )
      return undefined;
    const capabilities = meta[CLIENT_CAPABILITIES_META_KEY];
    if (!isObject(capabilities) || !Object.entries(capabilities).every(isPlainCapability)) return undefined;
    if (!isClientInfo(meta[CLIENT_INFO_META_KEY])) return undefined;
    for (const key in meta) if (!RESERVED_KEYS.has(key) && isProtocolKey(key)) return undefined;
    const tool = this.registry.tool(name);
    if (tool === undefined || tool.asksClient || tool.task !== undefined || tool.hasHeaderParams) return undefined;
    return { id: id as string | number, tool, input, meta };
  }

  private async answer({ id, tool, input, meta }: PlainCall, res: ServerResponse, facts: EdgeFacts): Promise<void> {
    const whenGone = (gone: () => void): void => (res.closed ? gone() : void res.once('close', gone));
    const request = { ...facts, client: SILENT, whenGone, meta: withoutReserved(meta) };
    try {
      const outcome = await this.dispatcher.callTool(tool.name, input, request);
      const body = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${this.render(outcome)}}`;
      this.answers.track(res, body.length);
      sendJson(res, 200, body);
    } catch (error) {
      if (error instanceof ProtocolViolation)
        sendRefusal(res, 200, error.code, error.message, { id, data: error.data });
      else {
        this.log.error('an answer could not be written', { err: error, operation: tool.name });
        sendRefusal(res, 500, -32603, 'Internal server error', { id });
      }
    }
  }

  private render(outcome: Outcome<ToolValue>): string {
    switch (outcome.kind) {
      case 'success':
        return successJson(outcome, this.metaTail);
      case 'failure':
        return failureJson(outcome, this.metaTail);
      case 'input_required':
      case 'handed_off':
        throw new Error('a tool that does not declare asksClient asked its client');
    }
  }
}

const CAPABILITIES = new Set(['elicitation', 'sampling', 'roots', 'experimental', 'extensions']);
const CLIENT_INFO = new Set(['name', 'version', 'title']);

/** A known capability with nothing but empty objects inside: what is more elaborate the SDK shall judge. */
const isPlainCapability = ([name, value]: [string, unknown]): boolean =>
  CAPABILITIES.has(name) && isObject(value) && Object.values(value).every((inner) => isObject(inner) && isEmpty(inner));

function isEmpty(value: Json): boolean {
  for (const _key in value) return false;
  return true;
}

function isClientInfo(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value) || !('name' in value) || !('version' in value)) return false;
  for (const key in value) if (!CLIENT_INFO.has(key) || typeof value[key] !== 'string') return false;
  return true;
}

function withoutReserved(meta: Json): Json {
  const rest: Json = {};
  for (const key in meta) if (!RESERVED_KEYS.has(key)) rest[key] = meta[key];
  return rest;
}
