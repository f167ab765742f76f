import { LRUCache } from 'lru-cache';
import { InvalidationLog } from './invalidation-log.js';

/** Invalidations that loads still running are compared with; a load older than that many is not trusted. */
const REMEMBERED_TAGS = 1_024;
/** More tags on one entry than this are a defect of whoever asks: the index would outgrow the entries. */
const MAX_TAGS = 256;

export interface TtlCacheBounds {
  readonly maxEntries: number;
  /** The sum of what the entries were said to weigh. */
  readonly maxBytes: number;
}

export interface CacheEntry {
  readonly ttlMs: number;
  /** How long after its TTL it may still be served when the source fails; default 0. */
  readonly staleMs?: number;
  readonly bytes: number;
  /** Names of what the value was made from: invalidating one of them drops the entry. At most 256. */
  readonly tags?: readonly string[];
  /** From {@link TtlCache.ticket}, taken before the value was loaded. */
  readonly ticket?: number;
}

export interface CacheHit<V> {
  readonly value: V;
  readonly ageMs: number;
  /** Past its TTL: only to be served when the source fails. */
  readonly isStale: boolean;
}

/** Counted since the cache was made, except `entries` and `bytes`, which are what it holds now. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Answers past their TTL; not hits. */
  readonly stale: number;
  /** Entries dropped to make room. */
  readonly evictions: number;
  /** Entries dropped because one of their tags was invalidated. */
  readonly invalidations: number;
  readonly entries: number;
  readonly bytes: number;
}

interface Held<V> {
  readonly value: V;
  readonly storedAtMs: number;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly tags: readonly string[];
}

/**
 * Values kept for a while, within a bound of entries and of bytes; the least recently used goes first. An entry whose
 * time has passed leaves when it is asked for or when room is needed.
 */
export class TtlCache<V> {
  private readonly entries: LRUCache<string, Held<V>>;
  /** Keys by tag; a key leaves with its entry, a tag with its last key. */
  private readonly keysOf = new Map<string, Set<string>>();
  private readonly invalidated = new InvalidationLog(REMEMBERED_TAGS);
  private readonly counts = { hits: 0, misses: 0, stale: 0, evictions: 0, invalidations: 0 };

  /** @param now monotonic, in milliseconds */
  constructor(
    private readonly bounds: TtlCacheBounds,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.entries = new LRUCache({
      max: bounds.maxEntries,
      maxSize: bounds.maxBytes,
      dispose: ({ tags }, key, reason) => {
        if (reason === 'evict') this.counts.evictions++;
        this.unindex(key, tags);
      },
    });
  }

  /** The entry while it is fresh or may still be served stale; one past both is gone and counts as a miss. */
  get(key: string): CacheHit<V> | undefined {
    const held = this.entries.get(key);
    const ageMs = held === undefined ? 0 : this.now() - held.storedAtMs;
    if (held === undefined || ageMs >= held.ttlMs + held.staleMs) {
      if (held !== undefined) this.entries.delete(key);
      this.counts.misses++;
      return undefined;
    }
    const isStale = ageMs >= held.ttlMs;
    this.counts[isStale ? 'stale' : 'hits']++;
    return { value: held.value, ageMs, isStale };
  }

  /** Take it before loading a value and give it to {@link set}: an invalidation in between is then not lost. */
  ticket(): number {
    return this.invalidated.now();
  }

  /**
   * @returns false when nothing was stored: the value is larger than the cache may hold (what was there before is
   * dropped, it is older), or it was outdated while it was loaded (what is there is left, it is newer)
   */
  set(key: string, value: V, { ttlMs, staleMs = 0, bytes, tags = [], ticket }: CacheEntry): boolean {
    if (ticket !== undefined && this.invalidated.isOutdated(ticket, tags)) return false;
    this.entries.delete(key);
    const size = Math.max(1, Math.ceil(bytes));
    // Not `>`: a size that is not a number must not slip in and make every later sum meaningless.
    if (!(size <= this.bounds.maxBytes) || tags.length > MAX_TAGS) return false;
    this.entries.set(key, { value, storedAtMs: this.now(), ttlMs, staleMs, tags }, { size });
    for (const tag of tags) {
      const keys = this.keysOf.get(tag);
      if (keys === undefined) this.keysOf.set(tag, new Set([key]));
      else keys.add(key);
    }
    return true;
  }

  /**
   * Drops every entry with the tag, and refuses those that are being loaded with an earlier ticket.
   * @returns how many entries were dropped
   */
  invalidate(tag: string): number {
    this.invalidated.record(tag);
    const keys = [...(this.keysOf.get(tag) ?? [])];
    for (const key of keys) this.entries.delete(key);
    this.counts.invalidations += keys.length;
    return keys.length;
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  /** Drops everything, and refuses what is being loaded with an earlier ticket. */
  clear(): void {
    this.invalidated.recordAll();
    this.entries.clear();
  }

  stats(): CacheStats {
    return { ...this.counts, entries: this.entries.size, bytes: this.entries.calculatedSize };
  }

  /** Tags that at least one entry has. */
  get tagCount(): number {
    return this.keysOf.size;
  }

  private unindex(key: string, tags: readonly string[]): void {
    for (const tag of tags) {
      const keys = this.keysOf.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) this.keysOf.delete(tag);
    }
  }
}
