import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from './load.js';
import { Limits, LogSettings, ServerSettings, ToolSettings, WorkspaceSettings } from './settings.js';

/** Makes each section of the settings injectable by its class. */
@Module({})
export class ConfigModule {
  static of(settings: Settings): DynamicModule {
    const providers = [
      { provide: ServerSettings, useValue: settings.server },
      { provide: LogSettings, useValue: settings.log },
      { provide: WorkspaceSettings, useValue: settings.workspace },
      { provide: ToolSettings, useValue: settings.tools },
      { provide: Limits, useValue: settings.limits },
    ];
    return { module: ConfigModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
