import type { BreakerSettings } from '@app/recovery';
import { type Risk, RISKS } from '@app/mcp';
import type { CachedOptions, CallLimitsOptions, RetryOptions } from '@app/pipeline';
import { SeededRandom } from './seeded-random.js';

/** What one generated tool declares. */
export interface ToolPlan {
  readonly name: string;
  readonly toolset: string;
  readonly risk: Risk;
  readonly isIdempotent: boolean;
  readonly deadlineMs: number;
  /** Has an output schema. */
  readonly isTyped: boolean;
  readonly limits: CallLimitsOptions;
  /** A name, or `chosen` where the caller's key names it. */
  readonly dependency?: string;
  readonly retry?: RetryOptions;
  readonly cached?: Pick<CachedOptions, 'ttlMs' | 'staleIfErrorMs' | 'shared'>;
  readonly isInvalidating: boolean;
  readonly hasFallback: boolean;
  readonly confirmation?: 'platform' | 'tool';
  /** Its input takes `confirm` and `dry_run`, and the platform asks for them. */
  readonly asksToConfirm: boolean;
}

export const TOOLS = 60;
const TOOLSETS = 6;
export const DEPENDENCIES: readonly string[] = Array.from({ length: 8 }, (_, index) => `dep_${index}`);
export const OUTPUT_BYTES = 20_000;

/** Opens after little, and comes back soon: in one run every breaker goes around more than once. */
export const BREAKER: Partial<BreakerSettings> = {
  windowMs: 1_000,
  minimumCalls: 8,
  consecutiveFailures: 6,
  openMs: 60,
  halfOpenProbes: 2,
  probeTimeoutMs: 300,
  rampMs: 90,
  slowCallMs: 500,
};

/** Tools that share a dependency share its room, so they say the same of its size. */
const roomOf = (place: number): CallLimitsOptions => ({
  concurrency: 8 + 4 * (place % 3),
  queue: 4 + 2 * (place % 5),
});

/** Which policies there are depends on the place in the list, so that each occurs; how strict they are, on the seed. */
export function toolPlans(seed: number): readonly ToolPlan[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: TOOLS }, (_, index) => planAt(index, random));
}

function planAt(index: number, random: SeededRandom): ToolPlan {
  const risk = RISKS[index % RISKS.length]!;
  const place = Math.floor(index / RISKS.length);
  const reads = risk === 'read';
  const isIdempotent = reads || place % 2 === 1;
  const deadlineMs = random.between(50, 300);
  const dependency = dependencyAt(index, place);
  const size = dependency?.startsWith('dep_')
    ? roomOf(DEPENDENCIES.indexOf(dependency))
    : { concurrency: random.between(2, 8), queue: random.between(0, 8) };
  const retry = { attempts: 3, baseDelayMs: 2, maxDelayMs: 10 };
  const confirmation = risk === 'destructive' && place % 5 === 4 ? 'tool' : place === 13 ? 'platform' : undefined;
  return {
    name: `${risk}_${place}`,
    toolset: `generated_${index % TOOLSETS}`,
    risk,
    isIdempotent,
    deadlineMs,
    isTyped: place % 4 !== 3,
    limits: {
      ...size,
      outputBytes: OUTPUT_BYTES,
      ...(place % 2 === 0 && { attemptTimeoutMs: random.between(20, Math.round(deadlineMs * 0.6)) }),
      ...(place === 14 && { callsPerWindow: random.between(3, 6) }),
    },
    dependency,
    ...(isIdempotent && place % 3 !== 2 && { retry }),
    ...(!isIdempotent && place % 4 === 0 && { retry: { ...retry, onlyKeyed: true } }),
    ...(reads &&
      place % 3 !== 1 && {
        cached: { ttlMs: random.between(1, 60), staleIfErrorMs: place % 7 === 0 ? 0 : 5_000, shared: place % 4 !== 1 },
      }),
    isInvalidating: !reads && place % 3 === 0,
    hasFallback: reads && place % 3 === 1,
    confirmation,
    asksToConfirm: confirmation === 'platform' || (confirmation === undefined && risk === 'destructive'),
  };
}

function dependencyAt(index: number, place: number): string | undefined {
  if (place % 5 === 2) return 'chosen';
  return place % 5 === 3 ? undefined : DEPENDENCIES[(3 * index + place) % DEPENDENCIES.length];
}
