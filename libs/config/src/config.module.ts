import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from './load.js';
import { PolicySource } from './policy/policy-source.js';
import {
  AuditSettings,
  AuthSettings,
  Limits,
  LogSettings,
  ServerSettings,
  StorageSettings,
  ThrottleSettings,
  ToolSettings,
  WorkspaceSettings,
} from './settings.js';

/** Makes each section of the settings, and the policy, injectable by its class. */
@Module({})
export class ConfigModule {
  static of(settings: Settings): DynamicModule {
    const providers = [
      { provide: ServerSettings, useValue: settings.server },
      { provide: LogSettings, useValue: settings.log },
      { provide: WorkspaceSettings, useValue: settings.workspace },
      { provide: ToolSettings, useValue: settings.tools },
      { provide: ThrottleSettings, useValue: settings.throttle },
      { provide: StorageSettings, useValue: settings.storage },
      { provide: AuthSettings, useValue: settings.auth },
      { provide: AuditSettings, useValue: settings.audit },
      { provide: PolicySource, useValue: settings.policy },
      { provide: Limits, useValue: settings.limits },
    ];
    return { module: ConfigModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
