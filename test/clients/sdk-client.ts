import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import {
  type AgentClient,
  type CompletionRef,
  type Json,
  type ListedTool,
  promptText,
  type ResourceText,
  type ToolAnswer,
  toolAnswer,
} from './agent-client.js';

type AnyClient = ModernClient | OldClient;
type Page = { readonly nextCursor?: string | undefined };

/** More pages than any list here has; a cursor that leads in a circle ends the test instead of hanging it. */
const MAX_PAGES = 64;

/** Either generation of the official client, connected. */
export class SdkClient<C extends AnyClient = AnyClient> implements AgentClient {
  /** @param end what to do before the client closes, such as ending the session */
  constructor(
    readonly client: C,
    private readonly end: () => Promise<void> = async () => {},
  ) {}

  tools(): Promise<ListedTool[]> {
    return this.pages(
      // Two types for one shape on the wire: the generations describe JSON Schema differently.
      (params) => this.client.listTools(params) as Promise<Page & { tools: ListedTool[] }>,
      ({ tools }) => tools,
    );
  }
  async call(name: string, args: Json): Promise<ToolAnswer> {
    return toolAnswer((await this.client.callTool({ name, arguments: args })) as Json);
  }
  prompts(): Promise<string[]> {
    return this.pages(
      (params) => this.client.listPrompts(params),
      ({ prompts }) => prompts.map(({ name }) => name),
    );
  }
  async prompt(name: string, args: Record<string, string>): Promise<string> {
    return promptText((await this.client.getPrompt({ name, arguments: args })) as Json);
  }
  resources(): Promise<string[]> {
    return this.pages(
      (params) => this.client.listResources(params),
      ({ resources }) => resources.map(({ uri }) => uri),
    );
  }
  templates(): Promise<string[]> {
    return this.pages(
      (params) => this.client.listResourceTemplates(params),
      ({ resourceTemplates }) => resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    );
  }
  async read(uri: string): Promise<ResourceText[]> {
    return (await this.client.readResource({ uri })).contents as ResourceText[];
  }
  async complete(ref: CompletionRef, argument: { name: string; value: string }): Promise<string[]> {
    const named =
      'prompt' in ref
        ? ({ type: 'ref/prompt', name: ref.prompt } as const)
        : ({ type: 'ref/resource', uri: ref.template } as const);
    return (await this.client.complete({ ref: named, argument })).completion.values;
  }
  async close(): Promise<void> {
    await this.end();
    await this.client.close();
  }

  /** Page by page with explicit cursors: the newer client joins pages of its own accord only when it is given none. */
  private async pages<P extends Page, T>(
    ask: (params?: { cursor: string }) => Promise<P>,
    items: (page: P) => readonly T[],
  ): Promise<T[]> {
    const found: T[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer: P = await ask(cursor === undefined ? undefined : { cursor });
      found.push(...items(answer));
      cursor = answer.nextCursor;
      if (cursor === undefined) return found;
    }
    throw new Error(`a list has more than ${MAX_PAGES} pages`);
  }
}
