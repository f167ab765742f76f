/**
 * Who carries a stage out: `dispatcher` stands outside of the method's own context; a `gate` decides before anything
 * is done, and is a Nest guard; `around` encloses what is inside of it, and stands in the platform's one interceptor;
 * `after` looks at what the method returned.
 */
export type StageCarrier = 'dispatcher' | 'gate' | 'around' | 'method' | 'after';

/**
 * The life of a call, outermost first: the platform's order, not that of decorators or modules. Guards and
 * interceptor are derived from this list; a call that misses one of them is refused.
 */
export const STAGES = [
  { name: 'audit', carrier: 'dispatcher' },
  { name: 'deadline', carrier: 'dispatcher' },
  { name: 'admission', carrier: 'dispatcher' },
  { name: 'principal', carrier: 'gate' },
  { name: 'throttle', carrier: 'gate' },
  { name: 'kill switch', carrier: 'gate' },
  { name: 'authorize', carrier: 'gate' },
  { name: 'stuck loop', carrier: 'gate' },
  { name: 'validate input', carrier: 'gate' },
  { name: 'idempotency', carrier: 'around' },
  { name: 'approval', carrier: 'around' },
  { name: 'cache', carrier: 'around' },
  { name: 'retry', carrier: 'around' },
  { name: 'breaker', carrier: 'around' },
  { name: 'bulkhead', carrier: 'around' },
  { name: 'attempt timeout', carrier: 'around' },
  { name: 'intent', carrier: 'around' },
  { name: 'transaction', carrier: 'around' },
  { name: 'method', carrier: 'method' },
  { name: 'redact', carrier: 'after' },
  { name: 'validate output', carrier: 'after' },
] as const satisfies readonly { name: string; carrier: StageCarrier }[];

export type StageName = (typeof STAGES)[number]['name'];

const INDEX = new Map<StageName, number>(STAGES.map(({ name }, index) => [name, index]));
/** The place of a stage in the list. */
export const indexOf = (stage: StageName): number => INDEX.get(stage)!;
export const stagesOf = (carrier: StageCarrier): readonly StageName[] =>
  STAGES.filter((stage) => stage.carrier === carrier).map(({ name }) => name);
