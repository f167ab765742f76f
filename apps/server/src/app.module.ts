import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, type Settings } from '@app/config';
import { LoggingModule, type RootLogger } from '@app/logging';
import { MetricsModule } from '@app/metrics';
import { OperationsModule } from '@app/operations';
import { PipelineModule } from '@app/pipeline';
import { RecoveryModule } from '@app/recovery';
import { StorageModule } from '@app/storage';
import { ToolsModule } from '@app/tools';
import { TransportModule } from '@app/transport';
import { BindingsModule } from './bindings.module.js';
import { dataCipherOf } from './data-cipher.js';

export interface AppOptions {
  readonly extra?: NonNullable<DynamicModule['imports']>;
  /** False for a server that is only asked what it would serve: it opens no database and leaves nothing behind. */
  readonly keeps?: boolean;
}

/** The composition root: the only place that wires. */
@Module({})
export class AppModule {
  static of(settings: Settings, root: RootLogger, { extra = [], keeps = true }: AppOptions = {}): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(settings),
        LoggingModule.of(root),
        MetricsModule,
        RecoveryModule.of(),
        keeps ? storageOf(settings) : StorageModule.of({}),
        BindingsModule.of(settings, root, keeps),
        PipelineModule,
        ToolsModule,
        TransportModule,
        OperationsModule,
        ...extra,
      ],
    };
  }
}

const storageOf = async ({ storage }: Settings): Promise<DynamicModule> =>
  StorageModule.of({ ...storage, cipher: await dataCipherOf(storage) });
