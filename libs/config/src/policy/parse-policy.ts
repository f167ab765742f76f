import { ConfigurationError } from '../configuration.error.js';
import { parseYaml } from './parse-yaml.js';
import { parseCallers } from './parse-callers.js';
import { PolicyFile, PolicyModesFile, ToolLimitsFile, ToolPolicyFile } from './policy-file.js';
import {
  frozenMap,
  type PolicyModes,
  type PolicySettings,
  SHADOWABLE_POLICIES,
  type ToolLimits,
  type ToolPolicy,
} from './policy-settings.js';
import { MAX_PROBLEMS, type NameRule, present, readEntries, readMapping } from './read-mapping.js';

const TOOL: NameRule = {
  pattern: /^[A-Za-z0-9_-]{1,64}$/,
  words: 'the name of a tool is 1 to 64 letters, digits, underscores or dashes',
};
const NOT_SHADOWABLE = `not a policy that can be in shadow mode; these can: ${SHADOWABLE_POLICIES.join(', ')}`;

/**
 * Reads the policy file, YAML or JSON. An empty text is an empty policy.
 * @throws ConfigurationError with all problems, by name and never with a value.
 */
export function parsePolicy(text: string): PolicySettings {
  const problems: string[] = [];
  const root = parseYaml(text, problems);
  const file = readMapping(PolicyFile, root, '', problems);
  const policy = Object.freeze({
    modes: readModes(file.policies, 'policies', problems),
    tools: frozenMap(readEntries(file.tools, 'tools', problems, readTool, TOOL)),
    ...parseCallers(file, problems),
  });
  if (problems.length === 0) return policy;
  const more = problems.length - MAX_PROBLEMS;
  throw new ConfigurationError(more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${more} problems more`] : problems);
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
