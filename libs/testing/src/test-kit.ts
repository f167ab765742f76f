import { type DynamicModule, type INestApplicationContext, Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '@app/config';
import { createRootLogger, LoggingModule } from '@app/logging';
import { MetricsModule } from '@app/metrics';
import { ChangeEvents, type ClientChannel, type ErrorCode, type Principal, ServerIdentity } from '@app/mcp';
import { type CallTrace, Dispatcher, type Outcome, PipelineModule, type ToolValue } from '@app/pipeline';
import {
  ApprovalStore,
  type AuditRecord,
  AuditSink,
  Authorizer,
  Callers,
  CallerVerifier,
  KnownSecrets,
  MemoryApprovalStore,
  MemoryAuditSink,
  NoVerifier,
  ScopeAuthorizer,
} from '@app/security';
import { RecoveryModule } from '@app/recovery';
import { StorageModule } from '@app/storage';
import { MemoryChangeEvents, TransportModule } from '@app/transport';
import type { Fault } from './faults.js';
import { ALICE } from './principals.js';
import { type Held, ServerProbe } from './server-probe.js';
import { testSettings, type TestSettings } from './test-settings.js';

export interface TestKitOptions extends TestSettings {
  /** Classes with `@Toolset` to serve. */
  readonly toolsetClasses: readonly Type[];
  /** What they need. */
  readonly providers?: readonly Provider[];
  readonly imports?: DynamicModule['imports'];
  /** Takes the audit instead of the memory sink that `audit()` reads. */
  readonly sink?: AuditSink;
  /** Take the place of the ports the application binds, e.g. `{ provide: Authorizer, useValue: … }`. */
  readonly bindings?: readonly Exclude<Provider, Type>[];
}

export interface CallOptions {
  readonly principal?: Principal;
  readonly meta?: Record<string, unknown>;
  readonly signal?: AbortSignal;
  readonly answers?: Record<string, unknown>;
  readonly state?: { answers: Record<string, unknown>; data?: unknown };
  readonly askable?: readonly ('elicitation' | 'sampling' | 'roots')[];
  readonly client?: ClientChannel;
}

/** What a failed call tells its caller. */
export interface FailureFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

const SILENT: ClientChannel = { progress: () => undefined, log: () => undefined };

@Module({})
class UnderTestModule {}

@Module({})
class TestBindingsModule {}

/**
 * A server in memory: the same modules, stages and order as in production, with a memory sink for the audit. Tool
 * authors call their tools through it, break them, and see what a client and an operator would see.
 */
export class TestKit {
  private readonly probe: ServerProbe;

  private constructor(
    private readonly app: INestApplicationContext,
    private readonly sink: MemoryAuditSink,
  ) {
    this.probe = new ServerProbe(app);
  }

  static async start(options: TestKitOptions): Promise<TestKit> {
    const settings = testSettings(options);
    const sink = new MemoryAuditSink();
    const identity: ServerIdentity = { name: 'test', title: 'Test', version: '0.0.0', instructions: 'A test.' };
    const bindings = [
      { provide: AuditSink, useValue: options.sink ?? sink },
      { provide: ServerIdentity, useValue: identity },
      { provide: ChangeEvents, useClass: MemoryChangeEvents },
      { provide: Authorizer, useClass: ScopeAuthorizer },
      { provide: ApprovalStore, useFactory: () => new MemoryApprovalStore() },
      { provide: KnownSecrets, useClass: KnownSecrets },
      { provide: Callers, useFactory: () => new Callers(settings.policy) },
      { provide: CallerVerifier, useClass: NoVerifier },
      ...(options.bindings ?? []),
    ];
    const root: DynamicModule = {
      module: UnderTestModule,
      imports: [
        // First, so that what is bound here wins over what the modules provide.
        {
          module: TestBindingsModule,
          global: true,
          providers: bindings,
          exports: bindings.map(({ provide }) => provide),
        },
        ConfigModule.of(settings),
        LoggingModule.of(createRootLogger(settings.log)),
        MetricsModule,
        RecoveryModule.of(),
        StorageModule.of({}),
        PipelineModule,
        TransportModule,
        ...(options.imports ?? []),
      ],
      providers: [...options.toolsetClasses, ...(options.providers ?? [])],
    };
    return new TestKit(await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false }), sink);
  }

  /** A provider of the server, e.g. the toolset itself. */
  get<T>(type: Type<T>): T {
    return this.probe.get(type);
  }

  /** Calls a tool through the whole pipeline. @throws ProtocolViolation for an unknown tool. */
  call(tool: string, input: unknown = {}, options: CallOptions = {}): Promise<Outcome<ToolValue>> {
    const { principal = ALICE, client = SILENT, signal, ...rest } = options;
    const whenGone = (gone: () => void): void =>
      signal?.aborted ? gone() : signal?.addEventListener('abort', gone, { once: true });
    return this.app.get(Dispatcher).callTool(tool, input, { principal, client, whenGone, ...rest });
  }

  /** The structured content of a call that must succeed. */
  async succeed<T = Record<string, unknown>>(tool: string, input?: unknown, options?: CallOptions): Promise<T> {
    const outcome = await this.call(tool, input, options);
    if (outcome.kind === 'success') return outcome.value.structured as T;
    throw new Error(
      `${tool} did not succeed: ${outcome.kind === 'failure' ? `${outcome.error.code}: ${outcome.error.message}` : outcome.kind}`,
    );
  }

  /** The code, text and hint of a call that must fail. */
  async fail(tool: string, input?: unknown, options?: CallOptions): Promise<FailureFacts> {
    const outcome = await this.call(tool, input, options);
    if (outcome.kind !== 'failure') throw new Error(`${tool} did not fail: ${outcome.kind}`);
    const { code, message, hint } = outcome.error;
    return { code, message, hint };
  }

  /** Puts a fault in the place of a tool's method, inside of every stage. @returns mends it */
  inject(tool: string, fault: Fault): () => void {
    return this.probe.inject(tool, fault);
  }
  /** The sum of a metric over all label sets that have these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number> {
    return this.probe.metric(name, labels);
  }
  /** What calls hold at this moment. */
  held(): Promise<Held> {
    return this.probe.held();
  }
  /** Resolves when no call runs any more, what outlived its caller included. */
  settled(): Promise<void> {
    return this.probe.settled();
  }
  /** Where the calls of a tool have been, newest first. */
  traces(tool: string): readonly CallTrace[] {
    return this.probe.traces(tool);
  }

  audit(): AuditRecord[] {
    return this.sink.records();
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}
