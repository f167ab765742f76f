import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Admission } from './dispatch/admission.js';
import { AuditIntents } from './dispatch/audit-intents.js';
import { CallRunner } from './dispatch/call-runner.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { Invoker } from './registry/invoker.js';
import { OperationExplorer } from './registry/operation.explorer.js';
import { OperationRegistry } from './registry/operation.registry.js';

/** Global: Nest instantiates the stages of a toolset inside the module that provides the toolset. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [Admission, AuditIntents, CallRunner, Dispatcher, Invoker, OperationExplorer, OperationRegistry],
  exports: [Admission, AuditIntents, CallRunner, Dispatcher, OperationRegistry],
})
export class PipelineModule {}
