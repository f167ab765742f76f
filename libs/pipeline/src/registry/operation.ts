import type { CompletionQuery, Icon, ListQuery, ResourcePage, ToolCall } from '@app/mcp';
import type { Subject } from '../call/subject.js';
import type { Risks } from '../wcgw/what-could-go-wrong.js';
import type { UriTemplate } from './uri-template.js';

export type OperationKind = 'tool' | 'resource' | 'prompt';

/** Something a caller can run: found at boot or registered by code, ready to be invoked. */
export interface Operation extends Subject {
  readonly kind: OperationKind;
  /** Unique within its kind: the tool's or prompt's name, or the resource's URI or template. */
  readonly name: string;
  readonly toolset: string;
  readonly scope: string;
  readonly title?: string;
  readonly description: string;
  readonly takesUnaskedAnswers?: boolean;
  readonly task?: 'optional' | 'required';
  readonly icons?: readonly Icon[];
  /** What could go wrong, and what is done about it. */
  readonly risks: Risks;
  /** Runs guards, interceptors, the method and filters. */
  invoke(call: ToolCall): Promise<unknown>;
}

/** `tools/list` entry, JSON-ready, in the order of the protocol's fields. */
export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly annotations: {
    readonly title: string;
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  readonly icons?: readonly Icon[];
}

export interface ToolOperation extends Operation {
  readonly kind: 'tool';
  readonly definition: ToolDefinition;
  /** Some argument is also sent as an HTTP header (`x-mcp-header`). */
  readonly hasHeaderParams: boolean;
}

export interface PromptOperation extends Operation {
  readonly kind: 'prompt';
  readonly args: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
  /** Completes one argument; absent arguments complete to nothing. */
  readonly completers: ReadonlyMap<string, Completer>;
}

export interface ResourceOperation extends Operation {
  readonly kind: 'resource';
  readonly resourceName: string;
  readonly mimeType?: string;
  readonly template?: UriTemplate;
  readonly list?: Lister;
  readonly completers: ReadonlyMap<string, Completer>;
}

export type Completer = (query: CompletionQuery, call: ToolCall) => Promise<readonly string[]> | readonly string[];
export type Lister = (query: ListQuery, call: ToolCall) => Promise<ResourcePage> | ResourcePage;
