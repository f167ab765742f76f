import { Injectable } from '@nestjs/common';
import type { CallTrace } from './call-trace.js';

const CAPACITY = 500;

/** The traces of the last 500 calls of this process; a restart loses them. */
@Injectable()
export class RecentCalls {
  private readonly ring: CallTrace[] = [];
  private next = 0;

  add(trace: CallTrace): void {
    this.ring[this.next] = trace;
    this.next = (this.next + 1) % CAPACITY;
  }

  /** Newest first. */
  list(): readonly CallTrace[] {
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)].reverse();
  }
  find(callId: string): CallTrace | undefined {
    return this.ring.find((trace) => trace.callId === callId);
  }
}
