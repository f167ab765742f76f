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
  /** Length of that window. */
  readonly windowMs?: number;
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
  /** Absent: the caller. */
  readonly approver?: Approver;
}

/** Who may be approved by whom: the caller himself by repeating the call, or only somebody else. */
export const APPROVERS = ['caller', 'other'] as const;
export type Approver = (typeof APPROVERS)[number];

export interface RolePolicy {
  readonly scopes: readonly string[];
  /** Subjects that have the role without their token saying so: `subject`, or `tenant/subject`. */
  readonly members: readonly string[];
}

export interface TenantPolicy {
  /** Names of the workspaces its callers see; absent: all. */
  readonly workspaces?: readonly string[];
  /** Of all its callers together, whatever they call. */
  readonly callsPerWindow?: number;
  /** Calls of all its callers at work at once. */
  readonly concurrentCalls?: number;
}

/** Who the caller is where nobody has to authenticate: on stdio, and on loopback without configured authentication. */
export interface LocalPolicy {
  readonly tenant?: string;
  readonly roles: readonly string[];
  /** Absent, and without roles: everything. */
  readonly scopes?: readonly string[];
}

/** The policy file as the server holds it: deeply frozen, replaced as a whole. */
export interface PolicySettings {
  readonly modes: PolicyModes;
  /** By the name of the tool; a name need not be one of a tool that exists. */
  readonly tools: ReadonlyMap<string, ToolPolicy>;
  readonly roles: ReadonlyMap<string, RolePolicy>;
  /** Where it is given, callers of tenants that are not in it are refused. */
  readonly tenants?: ReadonlyMap<string, TenantPolicy>;
  readonly local?: LocalPolicy;
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
  roles: frozenMap<string, RolePolicy>([]),
});
