const MIN_LOG2 = 2;
const MAX_LOG2 = 16;
const FIRST_WORDS = 4_096;

/**
 * Rings of 32-bit times in one block of memory that grows as they do. A ring is a handle above 0; its memory is a
 * power of two of words, of which the first holds where it begins and how many it has. Freed memory is used again by
 * rings of the same size.
 */
export class TimeRings {
  private words: Uint32Array<ArrayBuffer>;
  /** The next word never used; the first unit is left out so that no handle is 0. */
  private end = 1 << MIN_LOG2;
  /** Heads of the lists of free blocks, by size. */
  private readonly free = new Uint32Array(MAX_LOG2 + 1);

  constructor(private readonly maxWords: number) {
    const maxBytes = maxWords * Uint32Array.BYTES_PER_ELEMENT;
    this.words = new Uint32Array(new ArrayBuffer(Math.min(FIRST_WORDS * 4, maxBytes), { maxByteLength: maxBytes }));
  }

  get bytes(): number {
    return this.words.byteLength;
  }

  /** A ring of one time; 0 when there is no memory for it. */
  create(time: number): number {
    const ring = this.allocate(MIN_LOG2);
    if (ring === 0) return 0;
    this.words[this.start(ring)] = 1;
    this.words[this.start(ring) + 1] = time;
    return ring;
  }

  count(ring: number): number {
    return this.words[this.start(ring)]! & 0xffff;
  }

  /** @param index 0 is the oldest */
  at(ring: number, index: number): number {
    const start = this.start(ring);
    const capacity = this.capacity(ring);
    const position = (this.words[start]! >>> 16) + index;
    return this.words[start + 1 + (position < capacity ? position : position - capacity)]!;
  }

  dropOldest(ring: number): void {
    const start = this.start(ring);
    const header = this.words[start]!;
    const next = (header >>> 16) + 1;
    this.words[start] = ((next === this.capacity(ring) ? 0 : next << 16) | ((header & 0xffff) - 1)) >>> 0;
  }

  /** @returns the ring to use from now on, a larger one where that was full; 0, and the old one stays, without memory */
  append(ring: number, time: number): number {
    const count = this.count(ring);
    const roomy = count < this.capacity(ring) ? ring : this.grow(ring, count);
    if (roomy === 0) return 0;
    const start = this.start(roomy);
    const capacity = this.capacity(roomy);
    const position = (this.words[start]! >>> 16) + count;
    this.words[start + 1 + (position < capacity ? position : position - capacity)] = time;
    this.words[start]!++;
    return roomy;
  }

  release(ring: number): void {
    const log2 = ring & 31;
    this.words[this.start(ring)] = this.free[log2]!;
    this.free[log2] = ring;
  }

  private grow(ring: number, count: number): number {
    const larger = this.allocate((ring & 31) + 1);
    if (larger === 0) return 0;
    const start = this.start(larger);
    for (let i = 0; i < count; i++) this.words[start + 1 + i] = this.at(ring, i);
    this.words[start] = count;
    this.release(ring);
    return larger;
  }

  private allocate(log2: number): number {
    if (log2 > MAX_LOG2) return 0;
    const reused = this.free[log2]!;
    if (reused !== 0) {
      this.free[log2] = this.words[this.start(reused)]!;
      return reused;
    }
    const start = this.end;
    const end = start + (1 << log2);
    if (end > this.maxWords) return 0;
    if (end > this.words.length) this.reserve(end);
    this.end = end;
    return (((start >>> MIN_LOG2) << 5) | log2) >>> 0;
  }

  private reserve(words: number): void {
    const wanted = Math.min(Math.max(words, Math.ceil(this.words.length * 1.25)), this.maxWords);
    this.words.buffer.resize(wanted * Uint32Array.BYTES_PER_ELEMENT);
  }

  /** A handle is the start in units of the smallest block, and the binary logarithm of the size in the low 5 bits. */
  private start(ring: number): number {
    return (ring >>> 5) << MIN_LOG2;
  }

  private capacity(ring: number): number {
    return (1 << (ring & 31)) - 1;
  }
}
