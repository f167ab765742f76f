/** When a breaker opens, and how it comes back. */
export interface BreakerSettings {
  /** Calls older than this no longer count. */
  readonly windowMs: number;
  /** So many calls must have ended in the window before a share of them means anything: a number, not a rate. */
  readonly minimumCalls: number;
  readonly failureRatio: number;
  readonly slowRatio: number;
  /** A call that took longer is slow, however it ended. */
  readonly slowCallMs: number;
  /** Opens too, whatever the shares are. */
  readonly consecutiveFailures: number;
  readonly openMs: number;
  /** Calls let through to see whether it works again; one failure among them, or too many slow ones, opens again. */
  readonly halfOpenProbes: number;
  /** A probe that has not ended by then has failed. */
  readonly probeTimeoutMs: number;
  /** Shares of the calls let through one after the other before all are, in equal parts of `rampMs`. Growing, below 1. */
  readonly rampShares: readonly number[];
  readonly rampMs: number;
}

export const BREAKER_DEFAULTS: BreakerSettings = Object.freeze({
  windowMs: 60_000,
  minimumCalls: 10,
  failureRatio: 0.5,
  slowRatio: 0.8,
  slowCallMs: 5_000,
  consecutiveFailures: 5,
  openMs: 10_000,
  halfOpenProbes: 3,
  probeTimeoutMs: 30_000,
  rampShares: Object.freeze([0.1, 0.25, 0.5]),
  rampMs: 30_000,
});

type NumberName = Exclude<keyof BreakerSettings, 'rampShares'>;
const COUNTS: readonly NumberName[] = ['minimumCalls', 'consecutiveFailures', 'halfOpenProbes'];
const RATIOS: readonly NumberName[] = ['failureRatio', 'slowRatio'];
const SPANS: readonly NumberName[] = ['windowMs', 'slowCallMs', 'openMs', 'probeTimeoutMs', 'rampMs'];

/**
 * The settings with the defaults for what is not given (`undefined` is not given).
 * @throws RangeError where a breaker with them would never open, never close, or never let a probe through
 */
export function completeBreakerSettings(given: Partial<BreakerSettings> = {}): BreakerSettings {
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  const settings: BreakerSettings = { ...BREAKER_DEFAULTS, ...Object.fromEntries(defined) };
  const demand = (isMet: boolean, name: keyof BreakerSettings, expected: string): void => {
    if (!isMet) throw new RangeError(`Breaker setting ${name}: expected ${expected}, found ${String(settings[name])}`);
  };
  for (const name of COUNTS) demand(settings[name] >= 1, name, 'at least 1');
  for (const name of RATIOS) demand(settings[name] > 0 && settings[name] <= 1, name, 'more than 0, at most 1');
  for (const name of SPANS) demand(settings[name] > 0, name, 'more than 0 ms');
  const shares = settings.rampShares;
  const isGrowing = shares.every((share, step) => share > (shares[step - 1] ?? 0) && share < 1);
  demand(isGrowing, 'rampShares', 'growing shares between 0 and 1');
  return settings;
}
