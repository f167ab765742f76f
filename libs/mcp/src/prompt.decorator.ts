import { Reflector } from '@nestjs/core';
import type { z } from 'zod';
import type { Content } from './content.js';

export interface PromptOptions {
  /** Default: the method's name in snake case. */
  readonly name?: string;
  readonly title: string;
  readonly description: string;
  /** String properties only; each with a description. */
  readonly args?: z.ZodObject;
  /** Per argument the provider's method `(query: CompletionQuery, call) => string[]`. */
  readonly complete?: Readonly<Record<string, string>>;
  readonly asksClient?: boolean;
  readonly deadlineMs?: number;
}

export interface PromptMessage {
  readonly role: 'user' | 'assistant';
  readonly content: Content;
}

/** Makes a method a prompt: `(args, call) => PromptMessage[]`. */
export const Prompt = Reflector.createDecorator<PromptOptions>();
