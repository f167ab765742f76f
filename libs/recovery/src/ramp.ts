/** Ten tenths are a little less than one. */
const ROUNDING = 1e-9;

/**
 * The way back from a few calls to all of them: one share after the other, each for the same time. Calls are let
 * through evenly (of ten, the tenth), not by chance: of n calls never more than n times the share.
 */
export class Ramp {
  private readonly stepMs: number;
  private step = 0;
  private beganAt = 0;
  /** Part of a call that is owed. */
  private credit = 0;

  constructor(
    private readonly shares: readonly number[],
    rampMs: number,
  ) {
    this.stepMs = rampMs / shares.length;
  }

  get isOver(): boolean {
    return this.step >= this.shares.length;
  }

  begin(now: number): void {
    this.step = 0;
    this.rest(now);
  }

  /** Goes as far as time allows. @returns whether the share is another one now */
  advance(now: number): boolean {
    const before = this.step;
    while (!this.isOver && now - this.beganAt >= this.stepMs) {
      this.step++;
      this.beganAt += this.stepMs;
    }
    return this.step !== before;
  }

  /** @returns whether this call is let through */
  take(): boolean {
    this.credit += this.shares[this.step] ?? 1;
    if (this.credit < 1 - ROUNDING) return false;
    this.credit -= 1;
    return true;
  }

  /** @returns whether there was a lower share to go back to */
  stepBack(now: number): boolean {
    if (this.step === 0) return false;
    this.step--;
    this.rest(now);
    return true;
  }

  private rest(now: number): void {
    this.beganAt = now;
    this.credit = 0;
  }
}
