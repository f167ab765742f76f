import { Injectable } from '@nestjs/common';

/** Work that goes on after it was given up. Exposed, so that nothing runs unseen. */
@Injectable()
export class OverdueWork {
  private readonly running = new Set<Promise<unknown>>();

  /** Methods that have not ended although nobody waits for them any more. */
  count(): number {
    return this.running.size;
  }
  track(work: Promise<unknown>): void {
    this.running.add(work);
    const ended = (): void => void this.running.delete(work);
    work.then(ended, ended);
  }
}
