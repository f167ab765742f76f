import { type ErrorCode, type ErrorFacts, RichResult, ServerError } from '@app/mcp';
import { classify } from '../call/classify.js';

/** Larger answers are not kept: the key then only tells that it was done. */
const MAX_CHARS = 262_144;

type Failed = { readonly code: ErrorCode; readonly message: string } & Omit<ErrorFacts, 'cause'>;

/** What a key stands for. */
export type KeyedRecord = { readonly digest: string } & (
  | { readonly state: 'running'; /** Wall clock, ms since 1970. */ readonly until: number }
  | { readonly state: 'succeeded'; readonly isRich: boolean; readonly value?: unknown }
  | { readonly state: 'failed'; readonly error: Failed }
  | { readonly state: 'too large' }
);

export const readRecord = (text: string): KeyedRecord => JSON.parse(text) as KeyedRecord;

export function recordOfSuccess(digest: string, result: unknown): KeyedRecord {
  const isRich = result instanceof RichResult;
  const value = isRich ? { content: result.content, structured: result.structured } : result;
  const isLarge = jsonChars(value) > MAX_CHARS;
  return isLarge ? { digest, state: 'too large' } : { digest, state: 'succeeded', isRich, value };
}

/** More than anything may have where it cannot be told. */
function jsonChars(value: unknown): number {
  try {
    return JSON.stringify(value)?.length ?? 0;
  } catch {
    return Infinity;
  }
}

export function recordOfFailure(digest: string, thrown: unknown): KeyedRecord {
  const { code, message, retryable, hint } = classify(thrown);
  // The key keeps this answer: to ask for it again changes nothing.
  const advice = retryable ? 'Look at what was changed, then call with another key.' : hint;
  return { digest, state: 'failed', error: { code, message, retryable: false, hint: advice } };
}

/** The answer again. @throws ServerError where it was a failure */
export function replay(record: Exclude<KeyedRecord, { state: 'running' }>): unknown {
  switch (record.state) {
    case 'succeeded': {
      if (!record.isRich) return record.value;
      const { content, structured } = record.value as RichResult;
      return new RichResult(content, structured);
    }
    case 'failed': {
      const { code, message, ...facts } = record.error;
      throw new ServerError(code, message, facts);
    }
    case 'too large':
      throw new ServerError(
        'LIMIT',
        'The call with this key was made and succeeded; its answer was too large to keep.',
        {
          hint: 'It needs no repetition. Read what it changed.',
        },
      );
  }
}
