const WORDS = 6;
const LOW = 0;
const HIGH = 1;
/** The next record of the same chain, or of the free list. */
const CHAIN = 2;
/** The next record of the same slot of the wheel. */
const SLOT = 3;
const EXPIRES = 4;
const RING = 5;

const FIRST_RECORDS = 1_024;
const SLOTS = 1_024;
const SLOT_MS = 64;
/** Longer than any window: after such a silence nothing is live, and 32-bit times must not be compared across it. */
const SILENCE_MS = 2 ** 30;

/**
 * What is known of each key, 24 bytes of it, in memory that grows with the keys: its hash, when the last of its calls
 * leaves the window, and the ring of their times where there are several. Records are numbers above 0. Times are
 * milliseconds, kept as their low 32 bits. A wheel finds the records whose window has passed: a record lies in the slot
 * of the time it was to expire at, and is looked at, freed or moved on when that time has passed.
 */
export class WindowTable {
  private words: Uint32Array<ArrayBuffer>;
  private readonly chains: Uint32Array;
  private readonly wheel = new Uint32Array(SLOTS);
  /** Number of the first slot not looked at yet; slots are numbered on and on, and used in turns. */
  private cursor = 0;
  private seenAtMs = 0;
  private used = 0;
  private freeRecord = 0;
  private held = 0;

  /** @param releaseRing is called with the ring of a record that is freed */
  constructor(
    private readonly maxKeys: number,
    private readonly releaseRing: (ring: number) => void,
  ) {
    this.chains = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(2, Math.min(maxKeys, 2 ** 20)))));
    const maxByteLength = (maxKeys + 1) * WORDS * 4;
    const first = Math.min((FIRST_RECORDS + 1) * WORDS * 4, maxByteLength);
    this.words = new Uint32Array(new ArrayBuffer(first, { maxByteLength }));
  }

  /** Keys held, those included whose window has passed and that were not looked at since. */
  get size(): number {
    return this.held;
  }

  get bytes(): number {
    return this.words.byteLength + this.chains.byteLength + this.wheel.byteLength;
  }

  find(low: number, high: number): number {
    const { words } = this;
    let record = this.chains[low & (this.chains.length - 1)]!;
    while (record !== 0) {
      const start = record * WORDS;
      if (words[start + LOW] === low && words[start + HIGH] === high) break;
      record = words[start + CHAIN]!;
    }
    return record;
  }

  /** @returns 0 when every record is taken by a key whose window has not passed */
  insert(low: number, high: number, expiresAtMs: number, nowMs: number): number {
    const record = this.newRecord(nowMs);
    if (record === 0) return 0;
    const { words, chains } = this;
    const start = record * WORDS;
    const chain = low & (chains.length - 1);
    words[start + LOW] = low;
    words[start + HIGH] = high;
    words[start + CHAIN] = chains[chain]!;
    words[start + EXPIRES] = expiresAtMs;
    words[start + RING] = 0;
    chains[chain] = record;
    this.held++;
    this.place(record, expiresAtMs);
    return record;
  }

  /** Until the record expires; 0 or less when it has. */
  leftMs(record: number, nowMs: number): number {
    return (this.words[record * WORDS + EXPIRES]! - nowMs) | 0;
  }

  extend(record: number, expiresAtMs: number): void {
    this.words[record * WORDS + EXPIRES] = expiresAtMs;
  }

  ring(record: number): number {
    return this.words[record * WORDS + RING]!;
  }

  setRing(record: number, ring: number): void {
    this.words[record * WORDS + RING] = ring;
  }

  /** Until the next record may be freed, when none could be: at least 1. */
  nextFreeMs(nowMs: number): number {
    let slot = this.cursor;
    while (slot < this.cursor + SLOTS && this.wheel[slot % SLOTS] === 0) slot++;
    return Math.max(1, (slot + 1) * SLOT_MS - nowMs);
  }

  /**
   * Looks at records whose time has come.
   * @param most how many at most
   */
  sweep(nowMs: number, most: number): void {
    if (nowMs - this.seenAtMs > SILENCE_MS) this.clear();
    this.seenAtMs = nowMs;
    const present = Math.floor(nowMs / SLOT_MS);
    if (present - this.cursor > SLOTS) this.cursor = present - SLOTS;
    for (let looked = 0; this.cursor < present && looked < most;) {
      const slot = this.cursor % SLOTS;
      const record = this.wheel[slot]!;
      if (record === 0) {
        this.cursor++;
        continue;
      }
      looked++;
      this.wheel[slot] = this.words[record * WORDS + SLOT]!;
      const leftMs = this.leftMs(record, nowMs);
      if (leftMs > 0) this.place(record, nowMs + leftMs);
      else this.release(record);
    }
  }

  private newRecord(nowMs: number): number {
    // Each look frees a record or moves it on, and was paid for by a call that was allowed: this ends soon.
    while (this.freeRecord === 0 && this.used === this.maxKeys && this.cursor < Math.floor(nowMs / SLOT_MS))
      this.sweep(nowMs, 1);
    const reused = this.freeRecord;
    if (reused !== 0) {
      this.freeRecord = this.words[reused * WORDS + CHAIN]!;
      return reused;
    }
    if (this.used === this.maxKeys) return 0;
    const record = ++this.used;
    const needed = (record + 1) * WORDS * 4;
    if (needed > this.words.byteLength)
      this.words.buffer.resize(Math.min(Math.ceil(record * 1.25) * WORDS * 4, this.words.buffer.maxByteLength));
    return record;
  }

  private place(record: number, expiresAtMs: number): void {
    // At most one turn ahead: a record that expires later is moved on when its slot comes.
    const number = Math.min(Math.floor(expiresAtMs / SLOT_MS), this.cursor + SLOTS - 1);
    this.words[record * WORDS + SLOT] = this.wheel[number % SLOTS]!;
    this.wheel[number % SLOTS] = record;
  }

  private release(record: number): void {
    const { words, chains } = this;
    const start = record * WORDS;
    const chain = words[start + LOW]! & (chains.length - 1);
    if (chains[chain] === record) chains[chain] = words[start + CHAIN]!;
    else {
      let before = chains[chain]!;
      while (words[before * WORDS + CHAIN] !== record) before = words[before * WORDS + CHAIN]!;
      words[before * WORDS + CHAIN] = words[start + CHAIN]!;
    }
    if (words[start + RING] !== 0) this.releaseRing(words[start + RING]!);
    words[start + CHAIN] = this.freeRecord;
    this.freeRecord = record;
    this.held--;
  }

  private clear(): void {
    for (let slot = 0; slot < SLOTS; slot++)
      while (this.wheel[slot] !== 0) {
        const record = this.wheel[slot]!;
        this.wheel[slot] = this.words[record * WORDS + SLOT]!;
        this.release(record);
      }
  }
}
