import { Reflector } from '@nestjs/core';
import type { z } from 'zod';

/** What a call may do to the world; decides defaults of every policy. */
export const RISKS = ['read', 'write', 'execute', 'destructive'] as const;
export type Risk = (typeof RISKS)[number];

/** What a scope allows in its family. `admin` includes all but `remote`, `write` and `execute` include `read`. */
export const SCOPE_ACTIONS = ['read', 'write', 'execute', 'remote', 'admin'] as const;
export type ScopeAction = (typeof SCOPE_ACTIONS)[number];

/** The protocol's hints that do not follow from the risk, each stated: a default would be a guess. */
export interface ToolHints {
  readonly destructive: boolean;
  readonly idempotent: boolean;
  readonly openWorld: boolean;
}

export interface Icon {
  readonly src: string;
  readonly mimeType?: string;
  readonly sizes?: string[];
}

export interface ToolOptions {
  /** `verb_noun`; default: the method's name in snake case. */
  readonly name?: string;
  readonly title: string;
  /** For the model: what it does and when to use it. At most 350 characters, no instructions to the model. */
  readonly description: string;
  /** A strict object; unknown keys are refused. Omit for a tool without arguments. */
  readonly input?: z.ZodObject;
  /** An object. A tool with an output schema sends structured content on success, and only then. */
  readonly output?: z.ZodObject;
  /** A published input schema that zod cannot express; zod still decides what is accepted. */
  readonly inputJsonSchema?: Readonly<Record<string, unknown>>;
  readonly risk: Risk;
  /** Action of the scope a caller needs, where the risk does not tell it: `remote` makes it `git:remote`. */
  readonly action?: ScopeAction;
  readonly hints: ToolHints;
  /** Milliseconds until the caller is answered whatever happens; default from config. */
  readonly deadlineMs?: number;
  /** The method may call `ask` or `elicit`. */
  readonly asksClient?: boolean;
  /** Answers count although nothing was asked in this call yet. Never for a consent: a client could forge it. */
  readonly takesUnaskedAnswers?: boolean;
  /**
   * The call may (`optional`) or must (`required`) run as a task where the client declares tasks. With `asksClient`,
   * `ToolCall.handOff` says where the task begins.
   */
  readonly task?: 'optional' | 'required';
  readonly icons?: readonly Icon[];
}

/** Makes a method of a `@Toolset` provider a tool. */
export const Tool = Reflector.createDecorator<ToolOptions>();
