import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { Readiness } from './readiness.js';

/** Probes for an orchestrator or gateway. Neither asks a dependency, so neither can hang. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
  ) {}

  /** 200 while the process answers at all. */
  @Get('live')
  @HealthCheck()
  live() {
    return this.health.check([]);
  }

  /** 200 when new calls are welcome, 503 while starting or draining. */
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([
      () => {
        const state = this.readiness.state();
        const indicator = this.indicators.check('serving');
        return state === 'ready' ? indicator.up({ state }) : indicator.down({ state });
      },
    ]);
  }
}
