import { IntrinsicException } from '@nestjs/common';
import type { z } from 'zod';

/** A question to the user behind the client, as a form. */
export interface ElicitationRequest {
  readonly kind: 'elicitation';
  readonly message: string;
  /** JSON Schema of the form: an object of primitive properties. Never asks for secrets. */
  readonly schema: Record<string, unknown>;
}
/** A request for a completion by the client's model; deprecated by the protocol, kept for its conformance. */
export interface SamplingRequest {
  readonly kind: 'sampling';
  readonly params: Record<string, unknown>;
}
/** A request for the client's roots; deprecated by the protocol, kept for its conformance. */
export interface RootsRequest {
  readonly kind: 'roots';
}
export type InputRequest = ElicitationRequest | SamplingRequest | RootsRequest;
export type InputRequests = Readonly<Record<string, InputRequest>>;

/** The client's raw answers by key: attacker input until a request's own check has passed it. */
export type InputAnswers = Readonly<Record<string, unknown>>;

/** What the user did with a form. */
export type Elicited<T> =
  { readonly action: 'accept'; readonly content: T } | { readonly action: 'decline' | 'cancel' };

/**
 * Thrown by `ToolCall.ask` and `ToolCall.elicit` to leave the method: the client is asked, and the
 * method runs again from its start with the answers. So ask before you act.
 */
export class InputRequired extends IntrinsicException {
  constructor(
    readonly requests: InputRequests,
    readonly state: CallState,
  ) {
    super('input required');
    this.name = 'InputRequired';
  }
}

/** What survives between the rounds of one call, signed and bound to the caller and the call. */
export interface CallState {
  /** Accepted answers of earlier rounds by key. */
  readonly answers: InputAnswers;
  /** Data the tool itself wants back. */
  readonly data?: unknown;
}

export type FormSchema = z.ZodObject;
