import { ServerError } from '@app/mcp';

export const MAX_KEY_CHARS = 512;
/** In UTF-8. */
export const MAX_VALUE_BYTES = 1_048_576;
/** What a value of the largest size may have grown to when it is sealed. */
export const MAX_SEALED_BYTES = 2 * MAX_VALUE_BYTES + 1_000;
export const MAX_TTL_MS = 366 * 24 * 60 * 60_000;

/**
 * The same rules for every store, so that what one holds each can hold. NUL and halves of surrogate pairs are refused:
 * PostgreSQL cannot store the one, and UTF-8 turns all of the others into the same character, so that keys would meet.
 * @throws ServerError LIMIT, INVALID_ARGUMENT
 */
export function checkKey(key: string): void {
  if (key.length > MAX_KEY_CHARS) throw new ServerError('LIMIT', `A key is longer than ${MAX_KEY_CHARS} characters.`);
  if (key === '' || !isStorable(key))
    throw new ServerError('INVALID_ARGUMENT', 'A key is not a text that can be kept.');
}

function checkValue(value: string, maxBytes: number): void {
  if (Buffer.byteLength(value) > maxBytes)
    throw new ServerError('LIMIT', `A value to keep is larger than ${maxBytes} bytes.`);
  if (!isStorable(value)) throw new ServerError('INVALID_ARGUMENT', 'A value is not a text that can be kept.');
}

/** @returns whole milliseconds @throws RangeError */
function checkTtl(ttlMs: number): number {
  if (!(ttlMs > 0 && ttlMs <= MAX_TTL_MS))
    throw new RangeError(`a TTL of ${ttlMs} ms is not between 0 and ${MAX_TTL_MS}`);
  return Math.ceil(ttlMs);
}

/**
 * Key, value and time to live of an entry to be written.
 * @param maxValueBytes more only in a store that keeps sealed values
 * @returns the time to live in whole milliseconds
 * @throws ServerError LIMIT, INVALID_ARGUMENT; RangeError for a time to live that is none
 */
export function checkEntry(key: string, value: string, ttlMs: number, maxValueBytes = MAX_VALUE_BYTES): number {
  checkKey(key);
  checkValue(value, maxValueBytes);
  return checkTtl(ttlMs);
}

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
