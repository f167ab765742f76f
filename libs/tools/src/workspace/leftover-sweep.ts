import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppLog } from '@app/logging';
import { sweepTemporaryFiles } from '@app/resources';
import { Workspaces } from './workspaces.js';

/** Removes at start, beside the first calls, what writes of a killed server left behind. */
@Injectable()
export class LeftoverSweep implements OnApplicationShutdown {
  private readonly stopping = new AbortController();

  constructor(
    private readonly workspaces: Workspaces,
    private readonly log: AppLog,
  ) {}

  /** For a server that serves; looking at definitions must not change a workspace. */
  start(): void {
    void this.sweepAll();
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async sweepAll(): Promise<void> {
    const { signal } = this.stopping;
    for (const { name: workspace, tree } of this.workspaces.all) {
      try {
        const { removed, complete } = await sweepTemporaryFiles(tree, { signal });
        if (removed > 0) this.log.info('removed what interrupted writes had left', { workspace, removed, complete });
      } catch (err) {
        if (!signal.aborted) this.log.warn('a workspace could not be swept', { workspace, err });
      }
    }
  }
}
