import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@app/mcp';
import { AccessRules, Dispatcher, LivePolicy, OperationRegistry, type Outcome, type Subject } from '@app/pipeline';
import { isMapped } from '@app/security';
import type { EdgeFacts } from '../protocol/caller.js';
import { sendRefusal } from './answer.js';
import { ProtectedResource } from './protected-resource.js';

type Json = Record<string, unknown>;

const SILENT = { progress: () => undefined, log: () => undefined };
const INVALID_REQUEST = -32600;

/** Whoever can get a wider token is told over HTTP which one; for others a missing scope is the result of a call. */
const canStepUp = ({ via }: Principal): boolean => via === 'token' || via === 'introspection';

/** A request that needs a scope its token lacks is a 403 that names all scopes it needs, before any call runs. */
@Injectable()
export class StepUp {
  constructor(
    private readonly rules: AccessRules,
    private readonly policy: LivePolicy,
    private readonly registry: OperationRegistry,
    private readonly dispatcher: Dispatcher,
    private readonly resource: ProtectedResource,
  ) {}

  /** @returns whether the request was answered */
  async refuses(message: Json, res: ServerResponse, facts: EdgeFacts): Promise<boolean> {
    const { principal } = facts;
    const { id, method, params } = message;
    if (typeof id !== 'string' && typeof id !== 'number') return false;
    const { name, uri, arguments: input } = (params ?? {}) as Json;
    const subject = this.subjectOf(method, name, uri);
    if (subject === undefined || this.policy.isShadowed(subject, 'authorize')) return false;
    const verdict = await this.rules.verdict(principal, subject);
    if (verdict.allowed) return false;
    // Through the pipeline like every call: it is counted and recorded, and no stage before this one is skipped.
    const outcome = await this.ask(subject, input, uri, facts);
    if (outcome.kind !== 'failure') return false;
    const { code, message: text } = outcome.error;
    if (code !== 'FORBIDDEN') {
      sendRefusal(res, code === 'RATE_LIMITED' ? 429 : 503, INVALID_REQUEST, `${code}: ${text}`, { id });
      return true;
    }
    const scopes = [...new Set([...principal.scopes.filter(isMapped), verdict.missingScope])];
    sendRefusal(res, 403, INVALID_REQUEST, `FORBIDDEN: ${text}`, {
      id,
      headers: { 'www-authenticate': this.resource.insufficientScope(scopes) },
    });
    return true;
  }

  /** Worth asking only for those who can do something about it. */
  concerns({ principal }: EdgeFacts): boolean {
    return canStepUp(principal);
  }

  private subjectOf(method: unknown, name: unknown, uri: unknown): Subject | undefined {
    if (method === 'tools/call' && typeof name === 'string') return this.registry.tool(name);
    if (method === 'prompts/get' && typeof name === 'string') return this.registry.prompt(name);
    if (method === 'resources/read' && typeof uri === 'string') return this.registry.resourceFor(uri)?.operation;
    return undefined;
  }

  private ask(subject: Subject, input: unknown, uri: unknown, facts: EdgeFacts): Promise<Outcome<unknown>> {
    const request = { ...facts, client: SILENT };
    if (subject.kind === 'tool') return this.dispatcher.callTool(subject.name, input, request);
    if (subject.kind === 'prompt') return this.dispatcher.getPrompt(subject.name, input, request);
    return this.dispatcher.readResource(uri as string, request);
  }
}
