import { callModern } from '../support/mcp-messages.js';
import type { Probe } from './evidence.js';

/** Long enough for a busy machine, far too short for a server that waits for something that never comes. */
export const LIVE_MS = 2_000;

/**
 * Another client, whose cheap call reads a folder and so needs the thread pool that file operations share.
 * It calls from before a piece of work starts until after it has ended.
 */
export class SecondClient {
  /** Calls made so far, answered or not. */
  calls = 0;

  constructor(
    private readonly url: string,
    private readonly liveMs = LIVE_MS,
  ) {}

  async watch<T>(work: () => Promise<T>): Promise<{ value: T; probes: Probe[] }> {
    const probes: Probe[] = [];
    const state = { isOver: false };
    const first = this.probe();
    const working = work().finally(() => (state.isOver = true));
    probes.push(await first);
    while (!state.isOver) probes.push(await this.probe());
    return { value: await working, probes };
  }

  private async probe(): Promise<Probe> {
    this.calls++;
    const started = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((done) => {
      timer = setTimeout(() => done(false), this.liveMs);
    });
    const answered = callModern(this.url, 'list_files', { path: 'src' }).then(
      ({ text }) => text.includes('src/index.ts'),
      () => false,
    );
    const succeeded = await Promise.race([answered, late]);
    clearTimeout(timer);
    return { ms: performance.now() - started, succeeded };
  }
}
