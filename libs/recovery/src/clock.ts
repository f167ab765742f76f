/** Time that only goes forward, whatever happens to the clock on the wall. */
export abstract class Clock {
  /** Milliseconds since some moment in the past. */
  abstract now(): number;
  /** Calls back once, after so many milliseconds. @returns cancels it */
  abstract after(ms: number, call: () => void): () => void;
}
