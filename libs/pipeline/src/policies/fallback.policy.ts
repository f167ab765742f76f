import type { ServerError, ToolCall } from '@app/mcp';
import { definePolicy } from './policy.js';

/** Gives a result in place of one that a failing dependency could not give; it must fit the output schema. */
export type FallbackResult = (error: ServerError, call: ToolCall) => unknown;

/** Answers with a lesser result, marked degraded, when the dependency of a read-only tool fails. */
export const Fallback = definePolicy<FallbackResult>('fallback');
