/**
 * Texts kept under keys for a while. Keys have 1 to 512 characters, values at most 1 MiB of UTF-8, TTLs at most 366
 * days; neither may hold NUL or half of a surrogate pair. An entry whose time has passed is absent.
 *
 * Every operation throws ServerError LIMIT or INVALID_ARGUMENT for what breaks these rules, and POLICY_UNAVAILABLE,
 * within the operation timeout, when the service behind the store does not answer. Whether a write then happened is
 * not known: who must know reads again, or lets the entry expire.
 */
export abstract class KeyValueStore {
  abstract get(key: string): Promise<string | undefined>;

  /** Atomic: of any number who try at once, one writes. @returns the value that was there; undefined when ours was written */
  abstract putIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined>;

  abstract put(key: string, value: string, ttlMs: number): Promise<void>;

  /** Atomic. @returns whether the value was the expected one and is replaced, with a new TTL */
  abstract replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean>;

  /** Atomic. @param expected deletes only this value @returns whether there was something to delete */
  abstract delete(key: string, expected?: string): Promise<boolean>;
}
