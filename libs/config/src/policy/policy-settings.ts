/** Policies that can only watch: they decide and record, and let the call pass. The others always refuse. */
export const SHADOWABLE_POLICIES = ['throttle', 'authorize', 'approval', 'bulkhead', 'breaker', 'stuck_loop'] as const;
export type ShadowablePolicy = (typeof SHADOWABLE_POLICIES)[number];

export const POLICY_MODES = ['enforce', 'shadow'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

/** A policy that is not named enforces. */
export type PolicyModes = Readonly<Partial<Record<ShadowablePolicy, PolicyMode>>>;

/** Only what the operator has set is present; the rest stays with the tool's author and the server. */
export interface ToolLimits {
  readonly callsPerWindow?: number;
  readonly deadlineMs?: number;
  readonly attemptTimeoutMs?: number;
  /** Calls of the tool at once. */
  readonly concurrency?: number;
  /** Calls that wait for one of those places. */
  readonly queue?: number;
  readonly outputBytes?: number;
}

/** What the operator says of one tool. */
export interface ToolPolicy {
  readonly enabled: boolean;
  /** Shown to callers of a tool that is switched off: one line, at most 200 characters. */
  readonly reason?: string;
  /** Win over the modes of all tools. */
  readonly modes: PolicyModes;
  readonly limits: ToolLimits;
}

/** The policy file as the server holds it: deeply frozen, replaced as a whole. */
export interface PolicySettings {
  readonly modes: PolicyModes;
  /** By the name of the tool; a name need not be one of a tool that exists. */
  readonly tools: ReadonlyMap<string, ToolPolicy>;
}

const CHANGES = ['set', 'delete', 'clear', 'getOrInsert', 'getOrInsertComputed'];
const refuse = (): never => {
  throw new TypeError('This map is frozen');
};

/** Freezing a map alone leaves its entries open. */
export function frozenMap<Key, Value>(entries: Iterable<readonly [Key, Value]>): ReadonlyMap<Key, Value> {
  const map = new Map(entries);
  for (const name of CHANGES) Object.defineProperty(map, name, { value: refuse });
  return Object.freeze(map);
}

/** Everything enforced, every tool on, nothing limited further. */
export const EMPTY_POLICY: PolicySettings = Object.freeze({
  modes: Object.freeze({}),
  tools: frozenMap<string, ToolPolicy>([]),
});
