export type Json = Record<string, unknown>;

export interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: { readonly type?: unknown };
  readonly outputSchema?: unknown;
  readonly annotations?: Json | undefined;
}

export interface ToolAnswer {
  readonly isError: boolean;
  readonly structured?: Json | undefined;
  readonly content: readonly Json[];
  /** Of a failure. */
  readonly code?: string | undefined;
}

export interface ResourceText {
  readonly uri: string;
  readonly text?: string | undefined;
  readonly blob?: string | undefined;
  readonly mimeType?: string | undefined;
}

export type CompletionRef = { readonly prompt: string } | { readonly template: string };

/** What every real client can do, whatever it is made of; lists are whole, over all of their pages. */
export interface AgentClient {
  tools(): Promise<ListedTool[]>;
  call(name: string, args: Json): Promise<ToolAnswer>;
  /** Names. */
  prompts(): Promise<string[]>;
  /** The text of all messages. */
  prompt(name: string, args: Record<string, string>): Promise<string>;
  /** URIs. */
  resources(): Promise<string[]>;
  /** URI templates. */
  templates(): Promise<string[]>;
  read(uri: string): Promise<ResourceText[]>;
  /** Missing where the client cannot ask for completions. */
  complete?(ref: CompletionRef, argument: { name: string; value: string }): Promise<string[]>;
  /** Ends the connection and every process that was started for it. */
  close(): Promise<void>;
}

/** A result of `tools/call` as it came over the wire, in one shape. */
export function toolAnswer(result: Json): ToolAnswer {
  const meta = result['_meta'] as Record<string, Json> | undefined;
  return {
    isError: result['isError'] === true,
    structured: result['structuredContent'] as Json | undefined,
    content: result['content'] as Json[],
    code: meta?.['mcp-software-engineer/error']?.['code'] as string | undefined,
  };
}

/** The text of a result of `prompts/get`. */
export function promptText(result: Json): string {
  const messages = result['messages'] as { content: { text?: string } }[];
  return messages.map(({ content }) => content.text ?? '').join('\n');
}
