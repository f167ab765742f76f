import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, type Settings } from '@app/config';
import { LoggingModule, type RootLogger } from '@app/logging';
import { ChangeEvents, ServerIdentity } from '@app/mcp';
import { OperationsModule } from '@app/operations';
import { PipelineModule } from '@app/pipeline';
import { AuditSink, LogAuditSink } from '@app/security';
import { ToolsModule } from '@app/tools';
import { MemoryChangeEvents, TransportModule } from '@app/transport';
import { IDENTITY } from './identity.js';

/** What the app binds for the libs: the ports they declare. */
@Module({})
class BindingsModule {
  static of(root: RootLogger): DynamicModule {
    return {
      module: BindingsModule,
      global: true,
      providers: [
        { provide: ServerIdentity, useValue: IDENTITY },
        { provide: ChangeEvents, useClass: MemoryChangeEvents },
        { provide: AuditSink, useValue: new LogAuditSink(root) },
      ],
      exports: [ServerIdentity, ChangeEvents, AuditSink],
    };
  }
}

/** The composition root: the only place that wires. */
@Module({})
export class AppModule {
  static of(settings: Settings, root: RootLogger, extra: NonNullable<DynamicModule['imports']> = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(settings),
        LoggingModule.of(root),
        BindingsModule.of(root),
        PipelineModule,
        ToolsModule,
        TransportModule,
        OperationsModule,
        ...extra,
      ],
    };
  }
}
