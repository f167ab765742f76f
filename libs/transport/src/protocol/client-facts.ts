import {
  CLIENT_CAPABILITIES_META_KEY,
  type McpRequestContext,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { InputRequest } from '@app/mcp';
import { TASKS_EXTENSION } from './capabilities.js';

/** What a client has declared about itself, for one request. */
export interface ClientFacts {
  /** Kinds of questions it can answer. */
  readonly askable: readonly InputRequest['kind'][];
  /** It can take a task instead of a result. */
  readonly knowsTasks: boolean;
}

type Json = Readonly<Record<string, unknown>>;
const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/**
 * The modern era declares with every request, the legacy era once per session; tasks as this server has them exist
 * in the modern era only, whatever a legacy client declares.
 */
export function clientFactsOf(ctx: ServerContext, server: Server, era: McpRequestContext['era']): ClientFacts {
  const modern = era === 'modern';
  const declared = asObject(
    modern ? asObject(ctx.mcpReq.envelope)?.[CLIENT_CAPABILITIES_META_KEY] : server.getClientCapabilities(),
  );
  const elicitation = asObject(declared?.['elicitation']);
  const askable: InputRequest['kind'][] = [];
  // A bare declaration means forms: modes came later.
  if (elicitation !== undefined && (elicitation['form'] !== undefined || elicitation['url'] === undefined))
    askable.push('elicitation');
  if (declared?.['sampling'] !== undefined) askable.push('sampling');
  if (declared?.['roots'] !== undefined) askable.push('roots');
  return { askable, knowsTasks: modern && asObject(declared?.['extensions'])?.[TASKS_EXTENSION] !== undefined };
}
