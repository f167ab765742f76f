import { Random } from './random.js';

export class SystemRandom extends Random {
  override next(): number {
    return Math.random();
  }
}
