import { Injectable } from '@nestjs/common';
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { AppLog } from '@app/logging';
import { type ChangeEvent, ChangeEvents } from '@app/mcp';
import { OperationRegistry } from '@app/pipeline';

const MAX_PER_CONNECTION = 256;

/** Legacy subscriptions: each connection keeps the URIs it asked for, and is told of changes until it closes. */
@Injectable()
export class ResourceSubscriptions {
  constructor(
    private readonly events: ChangeEvents,
    private readonly registry: OperationRegistry,
    private readonly log: AppLog,
  ) {}

  install(server: Server): void {
    const uris = new Set<string>();
    server.setRequestHandler('resources/subscribe', async ({ params }) => {
      if (this.registry.resourceFor(params.uri) === undefined)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri: params.uri });
      if (uris.size >= MAX_PER_CONNECTION && !uris.has(params.uri))
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `At most ${MAX_PER_CONNECTION} subscriptions per connection`,
        );
      uris.add(params.uri);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
      uris.delete(params.uri);
      return {};
    });
    const stop = this.events.subscribe((event) => this.deliver(server, uris, event));
    const closed = server.onclose;
    server.onclose = () => {
      stop();
      closed?.();
    };
  }

  private deliver(server: Server, uris: ReadonlySet<string>, event: ChangeEvent): void {
    if (server.transport === undefined) return;
    this.send(server, uris, event)?.catch((err: unknown) => this.log.debug('a change could not be delivered', { err }));
  }

  private send(server: Server, uris: ReadonlySet<string>, event: ChangeEvent): Promise<void> | undefined {
    switch (event.kind) {
      case 'tools_list_changed':
        return server.sendToolListChanged();
      case 'prompts_list_changed':
        return server.sendPromptListChanged();
      case 'resources_list_changed':
        return server.sendResourceListChanged();
      case 'resource_updated':
        return uris.has(event.uri) ? server.sendResourceUpdated({ uri: event.uri }) : undefined;
    }
  }
}
