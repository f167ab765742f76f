import { Injectable } from '@nestjs/common';
import type { CallCounter, CounterSeries } from './call-counter.js';
import type { DurationHistogram } from './duration-histogram.js';
import { MetricRegistry } from './metric-registry.js';

/** Upper bounds in seconds: from a cached answer to the longest call. */
const CALL_SECONDS = [0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60] as const;
const STAGE_SECONDS = [0.000_001, 0.000_005, 0.000_01, 0.000_05, 0.000_1, 0.001, 0.01, 0.1, 1, 10] as const;

/** The numbers of one operation, looked up once: labels cost more than counting. */
export interface OperationMetrics {
  started(): void;
  ended(outcome: string, seconds: number): void;
  decided(stage: string, decision: string): void;
}

/**
 * What happened to calls. Labels are names the server knows itself: kinds, operations, stages, decisions and codes;
 * nothing a caller can invent.
 */
@Injectable()
export class CallMetrics {
  private readonly calls: CallCounter;
  private readonly outcomes: CallCounter;
  private readonly durations: DurationHistogram;
  private readonly decisions: CallCounter;
  private readonly stages: DurationHistogram;
  private readonly unhandled: CallCounter;
  private readonly byOperation = new Map<string, OperationMetrics>();

  constructor(registry: MetricRegistry) {
    this.calls = registry.counter('wcgw_calls_total', 'Calls that reached the dispatcher', ['kind', 'operation']);
    this.outcomes = registry.counter(
      'wcgw_call_outcomes_total',
      'How calls ended: success, or the code of the failure',
      ['kind', 'operation', 'outcome'],
    );
    this.durations = registry.histogram(
      'wcgw_call_duration_seconds',
      'Time from the start of a call to its answer',
      ['kind', 'operation'],
      CALL_SECONDS,
    );
    this.decisions = registry.counter(
      'wcgw_stage_decisions_total',
      'Decisions of a stage other than to let a call pass: refused, would_refuse, hit, miss, stale, retried, replayed …',
      ['stage', 'operation', 'decision'],
    );
    this.stages = registry.histogram(
      'wcgw_stage_duration_seconds',
      'Time spent in a stage until the next one began; measured for one call in sixty-four',
      ['stage'],
      STAGE_SECONDS,
    );
    this.unhandled = registry.counter(
      'wcgw_unhandled_errors_total',
      'Errors outside of any call; each ends the process',
    );
  }

  of(kind: string, operation: string): OperationMetrics {
    const key = `${kind} ${operation}`;
    let found = this.byOperation.get(key);
    if (found === undefined) this.byOperation.set(key, (found = this.make(kind, operation)));
    return found;
  }

  stageTook(stage: string, seconds: number): void {
    this.stages.of(stage).observe(seconds);
  }

  unhandledError(): void {
    this.unhandled.of().inc();
  }

  private make(kind: string, operation: string): OperationMetrics {
    const calls = this.calls.of(kind, operation);
    const durations = this.durations.of(kind, operation);
    const outcomes = new Map<string, CounterSeries>();
    const decisions = new Map<string, CounterSeries>();
    const count = (counts: Map<string, CounterSeries>, key: string, make: () => CounterSeries): void => {
      let found = counts.get(key);
      if (found === undefined) counts.set(key, (found = make()));
      found.inc();
    };
    return {
      started: () => calls.inc(),
      ended: (outcome, seconds) => {
        durations.observe(seconds);
        count(outcomes, outcome, () => this.outcomes.of(kind, operation, outcome));
      },
      decided: (stage, decision) =>
        count(decisions, `${stage} ${decision}`, () => this.decisions.of(stage, operation, decision)),
    };
  }
}
