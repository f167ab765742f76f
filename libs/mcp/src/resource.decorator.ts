import { Reflector } from '@nestjs/core';

export interface ResourceOptions {
  /** A fixed URI, or a template of simple `{name}` and one trailing `{+name}` expressions. */
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly mimeType?: string;
  /** Name of the provider's method `(query: ListQuery, call) => ResourcePage` that lists what a template matches. */
  readonly list?: string;
  /** Per template variable the provider's method `(query: CompletionQuery, call) => string[]`. */
  readonly complete?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** One entry of `resources/list`. */
export interface ResourceEntry {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  /** bytes */
  readonly size?: number;
}

export interface ListQuery {
  /** Opaque to callers; what the previous page returned. */
  readonly cursor?: string;
  /** Entries wanted at most. */
  readonly limit: number;
}
export interface ResourcePage {
  readonly entries: readonly ResourceEntry[];
  readonly nextCursor?: string;
}
export interface CompletionQuery {
  readonly value: string;
  /** Values of the other arguments known so far. */
  readonly known: Readonly<Record<string, string>>;
}

/** Makes a method a resource: `(variables, call) => ResourceContents | ResourceContents[]`. */
export const Resource = Reflector.createDecorator<ResourceOptions>();
