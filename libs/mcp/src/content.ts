export interface TextContent {
  readonly type: 'text';
  readonly text: string;
}
export interface ImageContent {
  readonly type: 'image';
  /** base64 */
  readonly data: string;
  readonly mimeType: string;
}
export interface AudioContent {
  readonly type: 'audio';
  /** base64 */
  readonly data: string;
  readonly mimeType: string;
}
export interface ResourceLinkContent {
  readonly type: 'resource_link';
  readonly uri: string;
  readonly name: string;
  readonly mimeType?: string;
  readonly description?: string;
}
/** Contents of a resource: exactly one of `text` and `blob` (base64). */
export interface ResourceContents {
  readonly uri: string;
  readonly mimeType?: string;
  readonly text?: string;
  readonly blob?: string;
}
export interface EmbeddedResourceContent {
  readonly type: 'resource';
  readonly resource: ResourceContents;
}

export type Content = TextContent | ImageContent | AudioContent | ResourceLinkContent | EmbeddedResourceContent;

/**
 * What a tool returns when plain data is not enough: content blocks of its own, with or without
 * structured data. A tool that returns anything else has it sent as structured content with its JSON as text.
 */
export class RichResult {
  constructor(
    readonly content: readonly Content[],
    readonly structured?: Record<string, unknown>,
  ) {}
}

export const text = (value: string): TextContent => ({ type: 'text', text: value });
