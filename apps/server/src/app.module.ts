import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, PolicySource, type Settings } from '@app/config';
import { LoggingModule, type RootLogger } from '@app/logging';
import { ChangeEvents, ServerIdentity } from '@app/mcp';
import { OperationsModule } from '@app/operations';
import { MetricsModule } from '@app/metrics';
import { ComponentRisks, PipelineModule } from '@app/pipeline';
import { RecoveryModule } from '@app/recovery';
import {
  ApprovalStore,
  AuditSink,
  Authorizer,
  Callers,
  CallerVerifier,
  KnownSecrets,
  LogAuditSink,
  MemoryApprovalStore,
  NoVerifier,
  ScopeAuthorizer,
} from '@app/security';
import { StorageModule } from '@app/storage';
import { ToolsModule } from '@app/tools';
import { MemoryChangeEvents, TransportModule } from '@app/transport';
import { COMPONENT_RISKS } from './component-risks.js';
import { IDENTITY } from './identity.js';

/** What the app binds for the libs: the ports they declare. */
@Module({})
class BindingsModule {
  static of(settings: Settings, root: RootLogger): DynamicModule {
    const secrets = secretsOf(settings);
    root.redactBy((text) => secrets.redactText(text));
    const providers = [
      { provide: ServerIdentity, useValue: IDENTITY },
      { provide: ChangeEvents, useClass: MemoryChangeEvents },
      { provide: AuditSink, useValue: new LogAuditSink(root) },
      { provide: Authorizer, useClass: ScopeAuthorizer },
      { provide: ApprovalStore, useFactory: () => new MemoryApprovalStore() },
      { provide: KnownSecrets, useValue: secrets },
      { provide: Callers, useFactory: (policy: PolicySource) => new Callers(policy), inject: [PolicySource] },
      { provide: CallerVerifier, useClass: NoVerifier },
      { provide: ComponentRisks, useValue: COMPONENT_RISKS },
    ];
    return { module: BindingsModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}

/** What the settings hold that no result may show. */
function secretsOf({ storage }: Settings): KnownSecrets {
  const secrets = new KnownSecrets();
  for (const url of [storage.databaseUrl, storage.redisUrl])
    if (url !== undefined) {
      const { password } = new URL(url);
      for (const secret of [url, password, decoded(password)]) secrets.add(secret);
    }
  return secrets;
}

/** As it was before it was written into a URL; as it is where it is no such text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
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
        MetricsModule,
        RecoveryModule.of(),
        StorageModule.of(settings.storage),
        BindingsModule.of(settings, root),
        PipelineModule,
        ToolsModule,
        TransportModule,
        OperationsModule,
        ...extra,
      ],
    };
  }
}
