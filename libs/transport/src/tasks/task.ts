import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';

/** Questions by key, in the protocol's words. */
export type TaskQuestions = NonNullable<InputRequiredResult['inputRequests']>;

/** The JSON-RPC error that ended a task. */
export interface TaskError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Where a task stands. A tool that failed is `completed` with `isError`; `failed` is for protocol errors only. */
export type TaskState =
  | { readonly status: 'working' }
  | { readonly status: 'input_required'; readonly inputRequests: TaskQuestions }
  | { readonly status: 'completed'; readonly result: CallToolResult }
  | { readonly status: 'failed'; readonly error: TaskError }
  | { readonly status: 'cancelled' };

/** One moment of a task; never changed, only replaced. */
export interface Task {
  /** 128 random bits: nobody guesses it, and it says nothing. */
  readonly id: string;
  /** Key of the principal who started it. */
  readonly owner: string;
  /** Epoch, ms. */
  readonly createdAt: number;
  /** Epoch, ms. */
  readonly updatedAt: number;
  /** Milliseconds from its creation until it is forgotten. */
  readonly ttlMs: number;
  /** What it is doing, for a person. */
  readonly message?: string;
  readonly state: TaskState;
}

export const isOver = ({ status }: TaskState): boolean => status !== 'working' && status !== 'input_required';
