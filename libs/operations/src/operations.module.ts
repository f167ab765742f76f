import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AdminModule } from './admin/admin.module.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { AuditGauges } from './metrics/audit-gauges.js';
import { MetricsController } from './metrics/metrics.controller.js';

@Module({
  imports: [
    AdminModule,
    TerminusModule.forRoot({ logger: false }),
    // The route only: the numbers are in the server's own registry, so the library's global one stays empty.
    // Loaded late, because it is CommonJS and requires Nest, which must have been evaluated before.
    import('@willsoto/nestjs-prometheus').then(({ PrometheusModule }) =>
      PrometheusModule.register({
        controller: MetricsController,
        path: '/metrics',
        defaultMetrics: { enabled: false },
      }),
    ),
  ],
  controllers: [HealthController],
  providers: [AuditGauges, Readiness],
  exports: [AdminModule, Readiness],
})
export class OperationsModule {}
