import { Controller, Get, Header } from '@nestjs/common';
import { MetricRegistry } from '@app/metrics';

/** For Prometheus. Names of operations and numbers; nothing a caller has said. */
@Controller()
export class MetricsController {
  constructor(private readonly metrics: MetricRegistry) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('cache-control', 'no-store')
  index(): Promise<string> {
    return this.metrics.text();
  }
}
