/** Who carries a stage out. */
export type StageCarrier = 'dispatcher' | 'guard' | 'method' | 'reserved';

/**
 * The life of a call, outermost first: the platform's order, not that of decorators or modules. The guards are derived
 * from this list, and the boot verifies them on every operation. `reserved` names a place that has no policy yet.
 */
export const STAGES = [
  { name: 'audit', carrier: 'dispatcher' },
  { name: 'deadline', carrier: 'dispatcher' },
  { name: 'admission', carrier: 'dispatcher' },
  { name: 'principal', carrier: 'guard' },
  { name: 'throttle', carrier: 'reserved' },
  { name: 'authorize', carrier: 'reserved' },
  { name: 'validate input', carrier: 'guard' },
  { name: 'idempotency', carrier: 'reserved' },
  { name: 'approval', carrier: 'reserved' },
  { name: 'cache', carrier: 'reserved' },
  { name: 'retry', carrier: 'reserved' },
  { name: 'breaker', carrier: 'reserved' },
  { name: 'bulkhead', carrier: 'reserved' },
  { name: 'attempt timeout', carrier: 'reserved' },
  { name: 'intent', carrier: 'guard' },
  { name: 'method', carrier: 'method' },
  { name: 'redact', carrier: 'reserved' },
  { name: 'validate output', carrier: 'dispatcher' },
] as const satisfies readonly { name: string; carrier: StageCarrier }[];

export type StageName = (typeof STAGES)[number]['name'];
