import { ServerError } from '@app/mcp';
import { checkEntry, checkKey } from './entry-rules.js';
import { KeyValueStore } from './key-value-store.js';
import type { ValueCipher } from './value-cipher.js';

/** Times that somebody else must change the entry, each time between our look and our write, for us to give up. */
const MAX_TRIES = 64;

/**
 * Keeps values sealed, each for its own key; keys are kept as they are. A value that does not open is refused as
 * POLICY_UNAVAILABLE, not taken for absent: what it stood for must not happen again.
 *
 * The store underneath cannot tell whether a sealed value is the expected one, so that is looked at here, and then it
 * changes exactly the sealed text that was looked at: atomic, for no two texts are sealed alike.
 */
export class SealedKeyValueStore extends KeyValueStore {
  /** @param store takes values of MAX_SEALED_BYTES */
  constructor(
    private readonly store: KeyValueStore,
    private readonly cipher: ValueCipher,
  ) {
    super();
  }

  override async get(key: string): Promise<string | undefined> {
    const sealed = await this.store.get(key);
    return sealed === undefined ? undefined : this.open(sealed, key);
  }

  override async putIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined> {
    checkEntry(key, value, ttlMs);
    const held = await this.store.putIfAbsent(key, this.cipher.seal(value, key), ttlMs);
    return held === undefined ? undefined : this.open(held, key);
  }

  override async put(key: string, value: string, ttlMs: number): Promise<void> {
    checkEntry(key, value, ttlMs);
    await this.store.put(key, this.cipher.seal(value, key), ttlMs);
  }

  override async replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean> {
    checkEntry(key, value, ttlMs);
    const sealed = this.cipher.seal(value, key);
    return this.whereItIs(key, expected, (held) => this.store.replace(key, held, sealed, ttlMs));
  }

  override async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key);
    if (expected === undefined) return this.store.delete(key);
    return this.whereItIs(key, expected, (held) => this.store.delete(key, held));
  }

  /** @param change of the sealed text that is there; false when another one is there by then */
  private async whereItIs(key: string, expected: string, change: (held: string) => Promise<boolean>): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const held = await this.store.get(key);
      if (held === undefined || this.open(held, key) !== expected) return false;
      if (await change(held)) return true;
    }
    throw new ServerError('POLICY_UNAVAILABLE', 'An entry of the store changes too often.');
  }

  private open(sealed: string, key: string): string {
    try {
      return this.cipher.open(sealed, key);
    } catch (cause) {
      throw new ServerError('POLICY_UNAVAILABLE', 'An entry of the store does not open with the keys there are.', {
        cause,
      });
    }
  }
}
