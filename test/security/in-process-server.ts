import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { createRootLogger } from '@app/logging';
import { ServerProbe, testSettings, type TestSettings } from '@app/testing';
import { AppModule } from '../../apps/server/src/app.module.js';
import { createHttpApplication, type HttpApplication } from '../../apps/server/src/http-application.js';

export interface InProcessOptions extends TestSettings {
  readonly workspace: string;
  /** Classes with `@Toolset` that are served beside those of the product. */
  readonly toolsetClasses?: readonly Type[];
  /** Whether it has a database of its own; what it keeps is in memory otherwise. */
  readonly keeps?: boolean;
  /** Default: any that is free. */
  readonly port?: number;
}

@Module({})
class AddedToolsModule {}

/** The product's own modules behind a real HTTP port of this process: for tools that are no part of it, and for small limits. */
export class InProcessServer {
  private constructor(
    readonly http: HttpApplication,
    readonly probe: ServerProbe,
    private readonly lines: readonly string[],
    private readonly dataDir: string,
  ) {}

  static async start({
    toolsetClasses = [],
    port = 0,
    keeps = false,
    ...options
  }: InProcessOptions): Promise<InProcessServer> {
    const settings = {
      ...testSettings(options),
      log: { level: 'info', format: 'json', stream: 'stderr' } as const,
    };
    const lines: string[] = [];
    const root = createRootLogger(settings.log, {
      write: (text) => void lines.push(...text.split('\n').filter((line) => line !== '')),
    });
    const added: DynamicModule = { module: AddedToolsModule, providers: [...toolsetClasses] };
    const http = await createHttpApplication(AppModule.of(settings, root, { extra: [added], keeps }), settings.limits);
    await http.app.listen(port, '127.0.0.1');
    return new InProcessServer(http, new ServerProbe(http.app), lines, settings.storage.dataDir);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.server.address() as AddressInfo).port}/mcp`;
  }
  /** Lines of the log so far, parsed. */
  log(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    this.http.server.closeAllConnections();
    await this.http.app.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
