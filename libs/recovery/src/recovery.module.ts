import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { CircuitBreakers } from './circuit-breakers.js';
import { Clock } from './clock.js';
import { MonotonicClock } from './monotonic-clock.js';
import { Random } from './random.js';
import { RetryBudgets } from './retry-budgets.js';
import { SystemRandom } from './system-random.js';

const PROVIDERS: Provider[] = [
  { provide: Clock, useClass: MonotonicClock },
  { provide: Random, useClass: SystemRandom },
  {
    provide: CircuitBreakers,
    inject: [Clock],
    useFactory: (clock: Clock) => new CircuitBreakers(clock),
  },
  { provide: RetryBudgets, useFactory: () => new RetryBudgets() },
];

/** The state that policies share: one breaker and one retry budget per dependency, one clock, one source of chance. */
@Module({})
export class RecoveryModule {
  /** Dynamic, so that what an application binds before it wins. */
  static of(): DynamicModule {
    return {
      module: RecoveryModule,
      global: true,
      providers: PROVIDERS,
      exports: [Clock, Random, CircuitBreakers, RetryBudgets],
    };
  }
}
