import { Injectable } from '@nestjs/common';
import type {
  ListResourcesResult,
  ListResourceTemplatesResult,
  McpRequestContext,
  ReadResourceResult,
  Server,
  ServerContext,
} from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { type Principal, ProtocolViolation } from '@app/mcp';
import { AccessRules, Dispatcher, OperationRegistry, type ResourceOperation } from '@app/pipeline';
import type { CallerOf } from './caller.js';
import { toCallRequest } from './call-request.js';
import { decodePage, encodePage, expectNoCursor } from './page-cursor.js';
import { asProtocol, toProtocolError } from './protocol-error.js';
import { recordAccess } from './record-access.js';
import { ResourceSubscriptions } from './resource-subscriptions.js';

/** `resources/*`. */
@Injectable()
export class ResourceHandler {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly registry: OperationRegistry,
    private readonly rules: AccessRules,
    private readonly limits: Limits,
    private readonly subscriptions: ResourceSubscriptions,
  ) {}

  install(server: Server, callerOf: CallerOf, era: McpRequestContext['era']): void {
    server.setRequestHandler('resources/list', (request, ctx) =>
      asProtocol(async () => this.list(request.params?.cursor, ctx, await callerOf(ctx))),
    );
    server.setRequestHandler('resources/templates/list', (request, ctx) =>
      asProtocol(async (): Promise<ListResourceTemplatesResult> => {
        expectNoCursor(request.params?.cursor);
        const principal = await callerOf(ctx);
        await recordAccess(this.dispatcher, 'list', 'resources/templates/list', toCallRequest(ctx, principal));
        const templates = (await this.rules.visible(principal, this.registry.resources())).filter(
          ({ template }) => template !== undefined,
        );
        return { resourceTemplates: templates.map(({ name, ...rest }) => ({ uriTemplate: name, ...describe(rest) })) };
      }),
    );
    server.setRequestHandler('resources/read', (request, ctx) =>
      asProtocol(async () => this.read(request.params.uri, ctx, await callerOf(ctx))),
    );
    if (era === 'legacy') this.subscriptions.install(server);
  }

  private async read(uri: string, ctx: ServerContext, principal: Principal): Promise<ReadResourceResult> {
    const outcome = await this.dispatcher.readResource(uri, toCallRequest(ctx, principal));
    if (outcome.kind === 'failure') throw toProtocolError(outcome);
    if (outcome.kind !== 'success') throw new Error('a resource asked the client a question');
    return { contents: outcome.value as ReadResourceResult['contents'] };
  }

  /** Fixed resources first, then what each template lists, page by page. */
  private async list(
    cursor: string | undefined,
    ctx: ServerContext,
    principal: Principal,
  ): Promise<ListResourcesResult> {
    const request = toCallRequest(ctx, principal);
    const visible = await this.rules.visible(principal, this.registry.resources());
    const fixed = visible.filter(({ template }) => template === undefined);
    const listed = visible.filter(({ list }) => list !== undefined);
    const page: { lister: number; inner?: string } =
      cursor === undefined ? { lister: 0 } : decodePage(cursor, listed.length);
    const first = cursor === undefined ? fixed.map(({ name, ...rest }) => ({ uri: name, ...describe(rest) })) : [];
    if (listed.length === 0) {
      await recordAccess(this.dispatcher, 'list', 'resources/list', request);
      return { resources: first };
    }
    const query = { cursor: page.inner, limit: Math.max(1, this.limits.listPageSize - first.length) };
    const outcome = await this.dispatcher.listResources(listed[page.lister]!, query, request);
    if (outcome.kind === 'failure') throw toProtocolError(outcome);
    if (outcome.kind !== 'success') throw new ProtocolViolation('a list asked the client a question');
    const { entries, nextCursor: inner } = outcome.value;
    const next = inner === undefined ? { lister: page.lister + 1 } : { lister: page.lister, inner };
    return {
      resources: [...first, ...entries],
      ...(next.lister < listed.length && { nextCursor: encodePage(next) }),
    };
  }
}

function describe({ resourceName, title, description, mimeType }: Omit<ResourceOperation, 'name'>) {
  return { name: resourceName, ...(title && { title }), description, ...(mimeType && { mimeType }) };
}
