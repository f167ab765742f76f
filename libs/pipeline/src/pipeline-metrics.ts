import { Injectable } from '@nestjs/common';
import { MetricRegistry } from '@app/metrics';
import { BreakerStage } from './around/breaker.stage.js';
import { BulkheadStage } from './around/bulkhead.stage.js';
import { ResultCache } from './around/result-cache.js';
import { OverdueWork } from './call/overdue-work.js';
import { Admission } from './dispatch/admission.js';

/** What the stages hold at this moment, looked up when somebody asks. */
@Injectable()
export class PipelineMetrics {
  constructor(
    private readonly registry: MetricRegistry,
    private readonly admission: Admission,
    private readonly overdue: OverdueWork,
    private readonly bulkheads: BulkheadStage,
    private readonly breakers: BreakerStage,
    private readonly cache: ResultCache,
  ) {}

  publish(): void {
    const { registry } = this;
    registry.gauge('wcgw_calls_in_flight', 'Calls that have a place', undefined, () => this.admission.inFlight());
    registry.gauge('wcgw_overdue_work', 'Work that goes on although its caller was answered', undefined, () =>
      this.overdue.count(),
    );
    registry.gauge('wcgw_bulkhead_running', 'Places taken, by room', 'bulkhead', () => this.bulkheads.running());
    registry.gauge('wcgw_bulkhead_waiting', 'Calls waiting for a place, by room', 'bulkhead', () =>
      this.bulkheads.waiting(),
    );
    registry.gauge('wcgw_breaker_state', '0 closed, 1 ramping up, 2 half open, 3 open', 'dependency', () =>
      this.breakers.states(),
    );
    registry.counts('wcgw_cache_total', 'Looks into the result cache', 'result', () => {
      const { hits, misses, stale, evictions, invalidations } = this.cache.stats();
      return new Map(Object.entries({ hits, misses, stale, evictions, invalidations }));
    });
    registry.gauge('wcgw_cache_entries', 'Results in the cache', undefined, () => this.cache.stats().entries);
    registry.gauge('wcgw_cache_bytes', 'Size of the results in the cache', undefined, () => this.cache.stats().bytes);
  }
}
