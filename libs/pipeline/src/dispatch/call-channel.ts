import type { ClientChannel } from '@app/mcp';

/** Messages to the client in any one second; a client reads progress, it does not count it. */
const MAX_PER_SECOND = 20;

/** What a call may still tell its client: nothing once it is answered, and no more than a person can follow. */
export class CallChannel implements ClientChannel {
  private ended = false;
  private windowStart = 0;
  private sent = 0;

  constructor(private readonly client: ClientChannel) {}

  progress(progress: number, total?: number, message?: string): void {
    // The last step is told whatever came before, or a client would never see it done.
    if (this.ended || !(this.hasRoom() || progress === total)) return;
    this.client.progress(progress, total, message);
  }

  log(level: string, data: unknown): void {
    if (!this.ended && this.hasRoom()) this.client.log(level, data);
  }

  end(): void {
    this.ended = true;
  }

  private hasRoom(): boolean {
    const now = performance.now();
    if (now - this.windowStart > 1_000) {
      this.windowStart = now;
      this.sent = 0;
    }
    return ++this.sent <= MAX_PER_SECOND;
  }
}
