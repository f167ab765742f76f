/** Where chance comes from: a number in [0, 1). */
export abstract class Random {
  abstract next(): number;
}
