import { type DynamicModule, type INestApplicationContext, Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '@app/config';
import { createRootLogger, LoggingModule } from '@app/logging';
import { ChangeEvents, type ClientChannel, type ErrorCode, type Principal, ServerIdentity } from '@app/mcp';
import { Dispatcher, type Outcome, PipelineModule, type ToolValue } from '@app/pipeline';
import { type AuditRecord, AuditSink, MemoryAuditSink } from '@app/security';
import { MemoryChangeEvents, TransportModule } from '@app/transport';
import { ALICE } from './principals.js';
import { testSettings, type TestSettings } from './test-settings.js';

export interface TestKitOptions extends TestSettings {
  /** Classes with `@Toolset` to serve. */
  readonly toolsetClasses: readonly Type[];
  /** What they need. */
  readonly providers?: readonly Provider[];
  readonly imports?: DynamicModule['imports'];
  /** Takes the audit instead of the memory sink that `audit()` reads. */
  readonly sink?: AuditSink;
}

export interface CallOptions {
  readonly principal?: Principal;
  readonly meta?: Record<string, unknown>;
  readonly signal?: AbortSignal;
  readonly answers?: Record<string, unknown>;
  readonly state?: { answers: Record<string, unknown>; data?: unknown };
  readonly client?: ClientChannel;
}

const SILENT: ClientChannel = { progress: () => undefined, log: () => undefined };

@Module({})
class UnderTestModule {}

@Module({})
class TestBindingsModule {}

/**
 * A server in memory: the same modules, stages and order as in production, with a memory sink for the audit. Tool
 * authors call their tools through it and see what a client would see.
 */
export class TestKit {
  private constructor(
    private readonly app: INestApplicationContext,
    private readonly sink: MemoryAuditSink,
  ) {}

  static async start(options: TestKitOptions): Promise<TestKit> {
    const settings = testSettings(options);
    const sink = new MemoryAuditSink();
    const identity: ServerIdentity = { name: 'test', title: 'Test', version: '0.0.0', instructions: 'A test.' };
    const bindings = [
      { provide: AuditSink, useValue: options.sink ?? sink },
      { provide: ServerIdentity, useValue: identity },
      { provide: ChangeEvents, useClass: MemoryChangeEvents },
    ];
    const root: DynamicModule = {
      module: UnderTestModule,
      imports: [
        ConfigModule.of(settings),
        LoggingModule.of(createRootLogger(settings.log)),
        {
          module: TestBindingsModule,
          global: true,
          providers: bindings,
          exports: [AuditSink, ChangeEvents, ServerIdentity],
        },
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
    return this.app.get(type, { strict: false });
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
  async fail(
    tool: string,
    input?: unknown,
    options?: CallOptions,
  ): Promise<{ code: ErrorCode; message: string; hint?: string }> {
    const outcome = await this.call(tool, input, options);
    if (outcome.kind !== 'failure') throw new Error(`${tool} did not fail: ${outcome.kind}`);
    const { code, message, hint } = outcome.error;
    return { code, message, hint };
  }

  audit(): AuditRecord[] {
    return this.sink.records();
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}
