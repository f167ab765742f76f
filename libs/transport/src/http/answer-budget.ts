import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';

/** Answers smaller than this are not worth counting. */
const SMALL_BYTES = 65_536;

/**
 * What waits in memory for clients that do not read. Past its share no new request is taken; a client whose own
 * backlog is past its bound loses its connection, because what it does not read only grows.
 */
@Injectable()
export class AnswerBudget {
  private held = 0;

  constructor(private readonly limits: Limits) {}

  /** Bytes of answers that are written and not yet handed to the system. */
  heldBytes(): number {
    return this.held;
  }
  isExhausted(): boolean {
    return this.held > this.limits.answerBytesInFlight;
  }

  /** Counts one whole answer until it is out. */
  track(res: ServerResponse, bytes: number): void {
    if (bytes < SMALL_BYTES || res.destroyed) return;
    this.held += bytes;
    res.once('close', () => void (this.held -= bytes));
  }

  /** Counts what is written to a response piece by piece, for as long as it is open. */
  watch(res: ServerResponse): void {
    let counted = 0;
    const count = (): void => {
      const backlog = res.writableLength;
      this.held += backlog - counted;
      counted = backlog;
      const { answerBacklogBytes, answerBacklogSmallBytes } = this.limits;
      if (backlog > answerBacklogBytes || (this.isExhausted() && backlog > answerBacklogSmallBytes)) res.destroy();
    };
    const write = res.write.bind(res) as (...args: unknown[]) => boolean;
    const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse;
    res.write = ((...args: unknown[]) => {
      const more = write(...args);
      count();
      return more;
    }) as ServerResponse['write'];
    res.end = ((...args: unknown[]) => {
      end(...args);
      count();
      return res;
    }) as ServerResponse['end'];
    res.on('drain', count);
    res.once('close', () => {
      this.held -= counted;
      counted = 0;
      res.off('drain', count);
    });
  }
}
