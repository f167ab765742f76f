import { validateSync } from 'class-validator';
import { ConfigurationError } from '../configuration.error.js';
import { nearestName } from './nearest-name.js';
import { parseYaml } from './parse-yaml.js';
import {
  LocalPolicyFile,
  PolicyFile,
  PolicyModesFile,
  RolePolicyFile,
  TenantPolicyFile,
  ToolLimitsFile,
  ToolPolicyFile,
} from './policy-file.js';
import {
  frozenMap,
  type LocalPolicy,
  type PolicyModes,
  type PolicySettings,
  type RolePolicy,
  SHADOWABLE_POLICIES,
  type TenantPolicy,
  type ToolLimits,
  type ToolPolicy,
} from './policy-settings.js';

/** A file that is something else altogether is wrong in every line. */
const MAX_PROBLEMS = 100;
const NOT_A_MAPPING = 'expected a mapping, names with values';
const NOT_SHADOWABLE = `not a policy that can be in shadow mode; these can: ${SHADOWABLE_POLICIES.join(', ')}`;

/**
 * Reads the policy file, YAML or JSON. An empty text is an empty policy.
 * @throws ConfigurationError with all problems, by name and never with a value.
 */
export function parsePolicy(text: string): PolicySettings {
  const problems: string[] = [];
  const root = parseYaml(text, problems);
  const file = readMapping(PolicyFile, root, '', problems);
  const roles = frozenMap(readEntries(file.roles, 'roles', problems, readRole));
  const policy = Object.freeze({
    modes: readModes(file.policies, 'policies', problems),
    tools: frozenMap(readEntries(file.tools, 'tools', problems, readTool, TOOL)),
    roles,
    ...(isGiven(file.tenants) && {
      tenants: frozenMap(readEntries(file.tenants, 'tenants', problems, readTenant)),
    }),
    ...(isGiven(file.local) && { local: readLocal(file.local, roles, problems) }),
  });
  if (problems.length === 0) return policy;
  const more = problems.length - MAX_PROBLEMS;
  throw new ConfigurationError(more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${more} problems more`] : problems);
}

interface NameRule {
  readonly pattern: RegExp;
  readonly words: string;
}
const TOOL: NameRule = {
  pattern: /^[A-Za-z0-9_-]{1,64}$/,
  words: 'the name of a tool is 1 to 64 letters, digits, underscores or dashes',
};
const NAME: NameRule = {
  pattern: /^[A-Za-z0-9._:@|-]{1,200}$/,
  words: 'a name is 1 to 200 letters, digits, or . _ : @ | -',
};

/** A mapping of names that the operator chooses. */
function readEntries<T>(
  entries: unknown,
  path: string,
  problems: string[],
  read: (value: unknown, path: string, problems: string[]) => T,
  { pattern, words }: NameRule = NAME,
): [string, T][] {
  if (entries === undefined || entries === null) return [];
  if (!(entries instanceof Map)) {
    problems.push(`${path}: ${NOT_A_MAPPING}`);
    return [];
  }
  return [...(entries as Map<unknown, unknown>)]
    .filter((entry): entry is [string, unknown] => typeof entry[0] === 'string')
    .map(([name, entry]) => {
      const place = `${path}.${shown(name)}`;
      if (!pattern.test(name)) problems.push(`${place}: ${words}`);
      return [name, read(entry, place, problems)];
    });
}

function readRole(value: unknown, path: string, problems: string[]): RolePolicy {
  const { scopes = [], members = [] } = readMapping(RolePolicyFile, value, path, problems);
  return Object.freeze({ scopes: Object.freeze(scopes), members: Object.freeze(members) });
}

function readTenant(value: unknown, path: string, problems: string[]): TenantPolicy {
  const { workspaces, calls_per_window, concurrent_calls } = readMapping(TenantPolicyFile, value, path, problems);
  return present({
    workspaces: workspaces && Object.freeze(workspaces),
    callsPerWindow: calls_per_window,
    concurrentCalls: concurrent_calls,
  });
}

function readLocal(value: unknown, roles: ReadonlyMap<string, RolePolicy>, problems: string[]): LocalPolicy {
  const local = readMapping(LocalPolicyFile, value, 'local', problems);
  for (const role of Array.isArray(local.roles) ? local.roles : [])
    if (!roles.has(role)) problems.push(`local.roles: there is no role ${shown(String(role))}`);
  return present({
    tenant: local.tenant,
    roles: Object.freeze(local.roles ?? []),
    scopes: local.scopes && Object.freeze(local.scopes),
  });
}

function readTool(value: unknown, path: string, problems: string[]): ToolPolicy {
  const { enabled = true, reason, policies, limits, approver } = readMapping(ToolPolicyFile, value, path, problems);
  return Object.freeze({
    enabled,
    ...(reason !== undefined && { reason }),
    modes: readModes(policies, `${path}.policies`, problems),
    limits: readLimits(limits, `${path}.limits`, problems),
    ...(approver !== undefined && { approver }),
  });
}

const readModes = (value: unknown, path: string, problems: string[]): PolicyModes =>
  present({ ...readMapping(PolicyModesFile, value, path, problems, NOT_SHADOWABLE) });

function readLimits(value: unknown, path: string, problems: string[]): ToolLimits {
  const limits = readMapping(ToolLimitsFile, value, path, problems);
  if (Number(limits.attempt_timeout_ms) > Number(limits.deadline_ms))
    problems.push(`${path}.attempt_timeout_ms: must not be longer than deadline_ms`);
  return present({
    callsPerWindow: limits.calls_per_window,
    windowMs: limits.window_ms,
    deadlineMs: limits.deadline_ms,
    attemptTimeoutMs: limits.attempt_timeout_ms,
    concurrency: limits.concurrency,
    queue: limits.queue,
    outputBytes: limits.output_bytes,
  });
}

/** Only what is set, so that laying it over something else hides nothing. */
const present = <T extends object>(values: T): Readonly<T> =>
  Object.freeze(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T);

/** A mapping of the file as its class; nothing at all is an empty one. Names the class lacks never reach it. */
function readMapping<T extends object>(
  type: new () => T,
  value: unknown,
  path: string,
  problems: string[],
  refusal = 'not a name that is known here',
): T {
  const instance = new type();
  if (value === undefined || value === null) return instance;
  if (!(value instanceof Map)) {
    problems.push(`${path || 'the file'}: ${NOT_A_MAPPING}`);
    return instance;
  }
  const known = Object.keys(instance);
  const prefix = path === '' ? '' : `${path}.`;
  for (const [name, entry] of value as Map<unknown, unknown>) {
    if (typeof name !== 'string') continue;
    if (known.includes(name)) Object.assign(instance, { [name]: entry });
    else problems.push(`${prefix}${shown(name)}: ${refusal}${suggestion(name, known)}`);
  }
  for (const { property, constraints = {} } of validateSync(instance))
    problems.push(`${prefix}${property}: ${Object.values(constraints).join(', ')}`);
  return instance;
}

function suggestion(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** A name of somebody else's choosing must fit into one line of a log. */
const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name).replaceAll(/[^ -~…]/g, '?');

/** With everything in it commented out a section has no value: as if it were absent. */
const isGiven = (section: unknown): boolean => section !== undefined && section !== null;
