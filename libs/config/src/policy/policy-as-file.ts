import type { PolicySettings } from './policy-settings.js';

/** Names that are not those of the file in another spelling. */
const NAMES: Readonly<Partial<Record<string, string>>> = { modes: 'policies' };

/** The policy as a file would say it: with every default, and names as in the file. Read again it is the same policy. */
export const policyAsFile = (policy: PolicySettings): Record<string, unknown> =>
  inFile(policy) as Record<string, unknown>;

function inFile(value: unknown): unknown {
  if (value instanceof Map)
    return Object.fromEntries(
      [...(value as ReadonlyMap<string, unknown>)].map(([name, entry]) => [name, inFile(entry)]),
    );
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [NAMES[name] ?? snakeCase(name), inFile(entry)]),
  );
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
