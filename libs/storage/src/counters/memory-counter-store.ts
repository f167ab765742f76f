import { randomInt } from 'node:crypto';
import { checkCounter, CounterStore, type Taken } from './counter-store.js';
import { KeyedHash } from './keyed-hash.js';
import { TimeRings } from './time-rings.js';
import { WindowTable } from './window-table.js';

/** Records looked at for expiry by one call: a little of the work each time, so that none waits for much of it. */
const LOOKS_PER_CALL = 32;

export interface CounterBounds {
  /** Keys whose window has not passed; 28 bytes each. */
  readonly maxKeys: number;
  /** Times of calls, of keys with more than one in their window; 4 bytes each, with what their growth leaves unused. */
  readonly maxTimes: number;
}

export interface CounterStats {
  readonly keys: number;
  readonly bytes: number;
  /** Calls refused because there was no memory to count them. */
  readonly crowdedOut: number;
}

/**
 * Counters of this process; a restart forgets them all. A key is known by 64 bits of a keyed hash: two that met would
 * share a limit, which refuses more, never less. Keys whose window has passed are forgotten first; where none has,
 * a new key is refused until one does, for forgetting a live one would give its caller a new quota. The same holds for
 * the times within a window. Exact to the millisecond, and on the side of refusing within it.
 */
export class MemoryCounterStore extends CounterStore {
  private readonly rings: TimeRings;
  private readonly table: WindowTable;
  private readonly hash: KeyedHash;
  private readonly originMs: number;
  private crowdedOut = 0;

  /** @param now monotonic, in milliseconds */
  constructor(
    { maxKeys = 1_000_000, maxTimes = 8_388_608 }: Partial<CounterBounds> = {},
    private readonly now: () => number = () => performance.now(),
    secret: readonly [number, number] = [randomInt(2 ** 32), randomInt(2 ** 32)],
  ) {
    super();
    this.rings = new TimeRings(maxTimes);
    this.table = new WindowTable(maxKeys, (ring) => this.rings.release(ring));
    this.hash = new KeyedHash(secret);
    this.originMs = now();
  }

  stats(): CounterStats {
    return { keys: this.table.size, bytes: this.table.bytes + this.rings.bytes, crowdedOut: this.crowdedOut };
  }

  override take(key: string, limit: number, windowMs: number): Taken {
    checkCounter(key, limit, windowMs);
    if (limit === 0) return refused(windowMs, windowMs);
    // A call is dated to the end of its millisecond and judged from the beginning of it: never a fraction too early.
    const exactMs = this.now() - this.originMs;
    const nowMs = Math.floor(exactMs);
    const expiresAtMs = Math.ceil(exactMs) + windowMs;
    const { table, hash } = this;
    table.sweep(nowMs, LOOKS_PER_CALL);
    hash.compute(key, windowMs);
    const record = table.find(hash.low, hash.high);
    if (record === 0) {
      if (table.insert(hash.low, hash.high, expiresAtMs, nowMs) !== 0) return allowed(limit - 1, windowMs);
      this.crowdedOut++;
      return refused(table.nextFreeMs(nowMs), windowMs);
    }
    const leftMs = table.leftMs(record, nowMs);
    if (leftMs > 0) return this.takeAnother(record, limit, windowMs, nowMs, expiresAtMs);
    const ring = table.ring(record);
    if (ring !== 0) this.rings.release(ring);
    table.setRing(record, 0);
    table.extend(record, expiresAtMs);
    return allowed(limit - 1, windowMs);
  }

  /** The key has a call in the window already. */
  private takeAnother(record: number, limit: number, windowMs: number, nowMs: number, expiresAtMs: number): Taken {
    const { table, rings } = this;
    const lastLeavesInMs = table.leftMs(record, nowMs);
    const ring = table.ring(record);
    // Low 32 bits of times: their difference is right as long as it is itself small.
    const leavesInMs = (index: number): number =>
      ring === 0 ? lastLeavesInMs : windowMs - ((nowMs - rings.at(ring, index)) | 0);
    if (ring !== 0) while (leavesInMs(0) <= 0) rings.dropOldest(ring);
    const count = ring === 0 ? 1 : rings.count(ring);
    if (count >= limit) return refused(leavesInMs(count - limit), lastLeavesInMs);
    const first = ring === 0 ? rings.create(nowMs + lastLeavesInMs - windowMs) : ring;
    const longer = first === 0 ? 0 : rings.append(first, expiresAtMs - windowMs);
    if (longer === 0) {
      this.crowdedOut++;
      return refused(leavesInMs(0), lastLeavesInMs);
    }
    table.setRing(record, longer);
    table.extend(record, expiresAtMs);
    return allowed(limit - count - 1, windowMs);
  }
}

const allowed = (remaining: number, windowMs: number): Taken => ({
  allowed: true,
  remaining,
  retryAfterMs: 0,
  resetAfterMs: windowMs,
});

const refused = (retryAfterMs: number, resetAfterMs: number): Taken => ({
  allowed: false,
  remaining: 0,
  retryAfterMs,
  resetAfterMs,
});
