import { Global, Module } from '@nestjs/common';
import { CallMetrics } from './call-metrics.js';
import { MetricRegistry } from './metric-registry.js';

@Global()
@Module({ providers: [MetricRegistry, CallMetrics], exports: [MetricRegistry, CallMetrics] })
export class MetricsModule {}
