import { ServerError } from '@app/mcp';
import { checkEntry, checkKey, MAX_VALUE_BYTES } from './entry-rules.js';
import { KeyValueStore } from './key-value-store.js';

/** What an entry weighs beside its characters. */
const ENTRY_BYTES = 160;
/** Between two walks over all entries for ones to forget. */
const SWEEP_GAP_MS = 50;

export interface KeyValueBounds {
  readonly maxEntries: number;
  /** Two bytes per character of keys and values, and 160 per entry. */
  readonly maxBytes: number;
  /** Largest value, in UTF-8. */
  readonly maxValueBytes: number;
}

interface Entry {
  readonly value: string;
  readonly expiresAtMs: number;
}

/**
 * Entries in the memory of this process: a restart loses all of them, and no other process sees them. By default
 * 100,000 entries and 64 MiB. It never forgets an entry before its time: one that is in the way would be a call that
 * then runs twice. Where it is full, a new key is refused until an entry expires.
 */
export class MemoryKeyValueStore extends KeyValueStore {
  private readonly entries = new Map<string, Entry>();
  private readonly bounds: KeyValueBounds;
  private bytes = 0;
  /** Before it a walk would find nothing, or would be too soon after the last. */
  private nextSweepAtMs = -Infinity;
  private nextExpiryMs = 0;
  private refusals = 0;

  /** @param now monotonic, in milliseconds */
  constructor(
    bounds: Partial<KeyValueBounds> = {},
    private readonly now: () => number = () => performance.now(),
  ) {
    super();
    this.bounds = { maxEntries: 100_000, maxBytes: 67_108_864, maxValueBytes: MAX_VALUE_BYTES, ...bounds };
  }

  /** Entries, their bytes, and how many were refused since the start because there was no room. */
  stats(): { readonly entries: number; readonly bytes: number; readonly refusals: number } {
    return { entries: this.entries.size, bytes: this.bytes, refusals: this.refusals };
  }

  // Async throughout, so that a refusal is a rejection; nothing is awaited, which makes each of them atomic.
  override async get(key: string): Promise<string | undefined> {
    checkKey(key);
    return this.live(key)?.value;
  }

  /** @throws ServerError OVERLOADED as well, when it is full */
  override async putIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined> {
    checkEntry(key, value, ttlMs, this.bounds.maxValueBytes);
    const held = this.live(key);
    if (held === undefined) this.write(key, value, ttlMs);
    return held?.value;
  }

  /** @throws ServerError OVERLOADED as well, when it is full; what was there before stays */
  override async put(key: string, value: string, ttlMs: number): Promise<void> {
    checkEntry(key, value, ttlMs, this.bounds.maxValueBytes);
    this.write(key, value, ttlMs);
  }

  /** @throws ServerError OVERLOADED as well, when it is full; what was there before stays */
  override async replace(key: string, expected: string, value: string, ttlMs: number): Promise<boolean> {
    checkEntry(key, value, ttlMs, this.bounds.maxValueBytes);
    if (this.live(key)?.value !== expected) return false;
    this.write(key, value, ttlMs);
    return true;
  }

  override async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key);
    const held = this.live(key);
    if (held === undefined || (expected !== undefined && held.value !== expected)) return false;
    this.forget(key, held);
    return true;
  }

  private live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.expiresAtMs > this.now()) return entry;
    this.forget(key, entry);
    return undefined;
  }

  private write(key: string, value: string, ttlMs: number): void {
    const expiresAtMs = this.now() + ttlMs;
    const before = this.live(key);
    const moreBytes = weightOf(key, value) - (before === undefined ? 0 : weightOf(key, before.value));
    const moreEntries = before === undefined ? 1 : 0;
    if (!this.hasRoom(moreEntries, moreBytes)) this.sweep();
    if (!this.hasRoom(moreEntries, moreBytes)) {
      this.refusals++;
      const retryAfterMs = Math.max(1, Math.ceil(this.nextExpiryMs - this.now()));
      throw new ServerError('OVERLOADED', 'The store of the server is full.', { retryAfterMs });
    }
    this.bytes += moreBytes;
    this.entries.set(key, { value, expiresAtMs });
    this.nextExpiryMs = Math.min(this.nextExpiryMs, expiresAtMs);
    this.nextSweepAtMs = Math.min(this.nextSweepAtMs, expiresAtMs);
  }

  private hasRoom(entries: number, bytes: number): boolean {
    return this.entries.size + entries <= this.bounds.maxEntries && this.bytes + bytes <= this.bounds.maxBytes;
  }

  private sweep(): void {
    const nowMs = this.now();
    if (nowMs < this.nextSweepAtMs) return;
    this.nextExpiryMs = Infinity;
    for (const [key, entry] of this.entries)
      if (entry.expiresAtMs <= nowMs) this.forget(key, entry);
      else this.nextExpiryMs = Math.min(this.nextExpiryMs, entry.expiresAtMs);
    this.nextSweepAtMs = Math.max(this.nextExpiryMs, nowMs + SWEEP_GAP_MS);
  }

  private forget(key: string, { value }: Entry): void {
    this.entries.delete(key);
    this.bytes -= weightOf(key, value);
  }
}

const weightOf = (key: string, value: string): number => 2 * (key.length + value.length) + ENTRY_BYTES;
