import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AfterStages } from './around/after-stages.js';
import { ApprovalStage } from './around/approval.stage.js';
import { AttemptTimeoutStage } from './around/attempt-timeout.stage.js';
import { BreakerStage } from './around/breaker.stage.js';
import { BulkheadStage } from './around/bulkhead.stage.js';
import { CacheStage } from './around/cache.stage.js';
import { IdempotencyStage } from './around/idempotency.stage.js';
import { IntentStage } from './around/intent.stage.js';
import { Onion } from './around/onion.js';
import { OutputStage } from './around/output.stage.js';
import { RedactStage } from './around/redact.stage.js';
import { ResultCache } from './around/result-cache.js';
import { RetryStage } from './around/retry.stage.js';
import { StagesInterceptor } from './around/stages.interceptor.js';
import { TransactionStage } from './around/transaction.stage.js';
import { OverdueWork } from './call/overdue-work.js';
import { RecentCalls } from './call/recent-calls.js';
import { Admission } from './dispatch/admission.js';
import { CallerPlaces } from './dispatch/caller-places.js';
import { CallRunner } from './dispatch/call-runner.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { RefusalFloods } from './dispatch/refusal-floods.js';
import { AccessRules } from './gates/access-rules.js';
import { GATE_CLASSES, Gates } from './gates/gates.js';
import { GatesGuard } from './gates/gates.guard.js';
import { RepeatedFailures } from './gates/repeated-failures.js';
import { PipelineMetrics } from './pipeline-metrics.js';
import { LivePolicy } from './policies/live-policy.js';
import { DynamicTools, DynamicToolset } from './registry/dynamic-tools.js';
import { Invoker } from './registry/invoker.js';
import { OperationExplorer } from './registry/operation.explorer.js';
import { OperationFactory } from './registry/operation.factory.js';
import { OperationRegistry } from './registry/operation.registry.js';
import { WcgwRegister } from './wcgw/register.js';

const AROUND = [
  IdempotencyStage,
  ApprovalStage,
  CacheStage,
  RetryStage,
  BreakerStage,
  BulkheadStage,
  AttemptTimeoutStage,
  IntentStage,
  TransactionStage,
  RedactStage,
  OutputStage,
  AfterStages,
];
/** What others ask for. */
const SHARED = [
  AccessRules,
  Admission,
  CallerPlaces,
  CallRunner,
  Dispatcher,
  DynamicTools,
  Gates,
  LivePolicy,
  Onion,
  OperationRegistry,
  OverdueWork,
  RecentCalls,
  RepeatedFailures,
  ResultCache,
  WcgwRegister,
];

@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...SHARED,
    ...GATE_CLASSES,
    ...AROUND,
    GatesGuard,
    StagesInterceptor,
    DynamicToolset,
    Invoker,
    OperationExplorer,
    OperationFactory,
    PipelineMetrics,
    RefusalFloods,
  ],
  exports: SHARED,
})
export class PipelineModule implements OnModuleInit {
  constructor(private readonly metrics: PipelineMetrics) {}

  onModuleInit(): void {
    this.metrics.publish();
  }
}
