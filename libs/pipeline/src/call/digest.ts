import { hash } from 'node:crypto';

/** JSON with the members of every object in one order, so that the same arguments give the same text. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  const members = value as Record<string, unknown>;
  const names = Object.keys(members).filter((name) => members[name] !== undefined);
  if (names.length > 1) names.sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`).join()}}`;
}

/** sha256 in hex. Equal for equal values, whatever the order of their members. */
export const digestOf = (value: unknown): string => hash('sha256', canonicalJson(value));
