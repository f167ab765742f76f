/**
 * 64 bits of a text under a secret of this process: HalfSipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input
 * PRF", in its 32-bit form), so that nobody outside can choose keys that meet. Two characters make one word of input.
 */
export class KeyedHash {
  /** The hash of the text last given to {@link compute}. */
  low = 0;
  high = 0;
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;

  /** @param secret two numbers of 32 random bits */
  constructor(private readonly secret: readonly [number, number]) {}

  /** @param salt told apart from any other salt of the same text */
  compute(text: string, salt: number): void {
    const [k0, k1] = this.secret;
    this.v0 = k0 | 0;
    this.v1 = k1 ^ 0xee;
    this.v2 = k0 ^ 0x6c796765;
    this.v3 = k1 ^ 0x74656462;
    this.absorb(salt | 0);
    const { length } = text;
    const even = length & ~1;
    for (let i = 0; i < even; i += 2) this.absorb(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    if (even < length) this.absorb(text.charCodeAt(even));
    // The length ends the input, so that a text and the same text with a NUL behind it differ.
    this.absorb(length);
    this.v2 ^= 0xee;
    for (let round = 0; round < 3; round++) this.mix();
    this.low = (this.v1 ^ this.v3) >>> 0;
    this.v1 ^= 0xdd;
    for (let round = 0; round < 3; round++) this.mix();
    this.high = (this.v1 ^ this.v3) >>> 0;
  }

  private absorb(word: number): void {
    this.v3 ^= word;
    this.mix();
    this.v0 ^= word;
  }

  private mix(): void {
    let { v0, v1, v2, v3 } = this;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}
