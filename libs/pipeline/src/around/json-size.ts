/**
 * Whether a value is larger than so many bytes as JSON. Stops counting there, and counts no escapes: a bound against
 * floods, not a measure.
 * @throws TypeError for what JSON cannot hold
 */
export const isLargerThan = (value: unknown, maxBytes: number): boolean => roomAfter(value, maxBytes) < 0;

/** @returns what is left of `room`, negative when it is not enough. */
function roomAfter(value: unknown, room: number): number {
  if (room < 0) return room;
  if (typeof value === 'string') return value.length > room ? -1 : room - 2 - Buffer.byteLength(value);
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`JSON cannot hold a ${typeof value}`);
  if (typeof value !== 'object' || value === null) return room - String(value).length;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return roomAfter(toJSON.call(value), room);
  let left = room - 2;
  let separator = 0;
  if (Array.isArray(value))
    for (const each of value) {
      left = roomAfter(each, left - separator);
      separator = 1;
    }
  else
    for (const key of Object.keys(value)) {
      left = roomAfter((value as Record<string, unknown>)[key], left - separator - key.length - 3);
      separator = 1;
    }
  return left;
}
