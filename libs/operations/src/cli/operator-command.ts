import type { AuditQuery } from '@app/security';
import { UsageError } from './usage.error.js';

/** What an operator does with what the server keeps. */
export type OperatorCommand =
  | {
      readonly kind: 'keys-create';
      readonly name: string;
      readonly tenant: string;
      readonly subject: string;
      readonly scopes: readonly string[];
      readonly roles: readonly string[];
      /** Milliseconds since 1970. */
      readonly expiresAt?: number;
    }
  | { readonly kind: 'keys-list'; readonly tenant?: string; readonly json: boolean }
  | { readonly kind: 'keys-rotate'; readonly id: string; readonly graceMs: number }
  | { readonly kind: 'keys-revoke'; readonly id: string }
  | { readonly kind: 'tokens-revoke'; readonly id: string; readonly forMs: number }
  | { readonly kind: 'audit-verify'; readonly publicKeys: readonly string[]; readonly json: boolean }
  | { readonly kind: 'audit-query'; readonly query: AuditQuery; readonly json: boolean }
  | { readonly kind: 'audit-export'; readonly query: AuditQuery }
  | { readonly kind: 'audit-erase'; readonly tenant: string; readonly subject: string }
  | { readonly kind: 'approvals-list'; readonly json: boolean }
  | { readonly kind: 'approvals-decide'; readonly id: string; readonly approve: boolean };

export interface OperatorValues {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly name?: string;
  readonly tenant?: string;
  readonly subject?: string;
  readonly scope?: string[];
  readonly role?: string[];
  readonly expires?: string;
  readonly grace?: string;
  readonly for?: string;
  readonly since?: string;
  readonly until?: string;
  readonly operation?: string;
  readonly decision?: string;
  readonly 'call-id'?: string;
  readonly limit?: string;
  readonly 'public-key'?: string[];
}

/** What each takes; all others are refused by name. */
export const OPERATOR_OPTIONS: Readonly<Record<string, readonly (keyof OperatorValues)[]>> = {
  'keys create': ['name', 'tenant', 'subject', 'scope', 'role', 'expires'],
  'keys list': ['tenant', 'json'],
  'keys rotate': ['grace'],
  'keys revoke': [],
  'tokens revoke': ['for'],
  'audit verify': ['public-key', 'json'],
  'audit query': ['since', 'until', 'tenant', 'subject', 'operation', 'decision', 'call-id', 'limit', 'json'],
  'audit export': ['since', 'until', 'tenant', 'subject', 'operation', 'decision', 'call-id'],
  'audit erase': ['tenant', 'subject', 'yes'],
  'approvals list': ['json'],
  'approvals approve': [],
  'approvals deny': [],
};

export const OPERATOR_HELP = `  keys create               make an API key and print it once: --name --subject; --tenant --scope… --role… --expires 90d
  keys list                 print the keys, without their secrets; of one --tenant; --json
  keys rotate ID            make a key in the place of another, which goes on for --grace (default 24h)
  keys revoke ID            end a key
  tokens revoke JTI         refuse a token by its jti, --for as long as it could live (default 1h)
  audit verify              say whether every record is as it was (exit 1: not); --public-key FILE… of others; --json
  audit query | export      print records as JSON, one on a line: the first (--limit 100), or all
    --since --until         2026-01-31, or 7d ago; also by --tenant --subject --operation --decision --call-id
  audit erase               remove what is personal of --tenant and --subject; needs --yes
  approvals list [--json]   print what waits for somebody's approval
  approvals approve | deny ID
`;

const DEFAULT_TENANT = 'default';
const MAX_JTI_CHARS = 255;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @returns undefined for what is none of these commands
 * @param now milliseconds since 1970
 * @throws UsageError
 */
export function operatorCommand(
  words: readonly string[],
  values: OperatorValues,
  now: () => number = Date.now,
): OperatorCommand | undefined {
  const [group = '', action = '', ...rest] = words;
  const taken = OPERATOR_OPTIONS[`${group} ${action}`];
  if (taken === undefined) return undefined;
  const foreign = Object.keys(values).find((name) => !(taken as readonly string[]).includes(name));
  if (foreign !== undefined) throw new UsageError(`${group} ${action} takes no --${foreign}`);
  const needsId = ['rotate', 'revoke', 'approve', 'deny'].includes(action);
  if (rest.length !== (needsId ? 1 : 0))
    throw new UsageError(`${group} ${action} takes ${needsId ? 'one id' : 'no further words'}`);
  const id = rest[0] ?? '';
  const isJson = values.json ?? false;
  switch (`${group} ${action}`) {
    case 'keys create':
      return {
        kind: 'keys-create',
        name: needed(values.name, 'name'),
        tenant: values.tenant ?? DEFAULT_TENANT,
        subject: needed(values.subject, 'subject'),
        scopes: values.scope ?? [],
        roles: values.role ?? [],
        ...(values.expires !== undefined && { expiresAt: instant(values.expires, now(), 1) }),
      };
    case 'keys list':
      return { kind: 'keys-list', tenant: values.tenant, json: isJson };
    case 'keys rotate':
      return { kind: 'keys-rotate', id, graceMs: duration(values.grace ?? '24h') };
    case 'keys revoke':
      return { kind: 'keys-revoke', id };
    case 'tokens revoke':
      if (id === '' || id.length > MAX_JTI_CHARS) throw new UsageError(`a jti has 1 to ${MAX_JTI_CHARS} characters`);
      return { kind: 'tokens-revoke', id, forMs: duration(values.for ?? '1h', 1) };
    case 'audit verify':
      return { kind: 'audit-verify', publicKeys: values['public-key'] ?? [], json: isJson };
    case 'audit query':
      return { kind: 'audit-query', query: auditQuery(values, now()), json: isJson };
    case 'audit export':
      return { kind: 'audit-export', query: auditQuery(values, now()) };
    case 'audit erase':
      if (values.yes !== true) throw new UsageError('audit erase cannot be undone: say --yes');
      return {
        kind: 'audit-erase',
        tenant: needed(values.tenant, 'tenant'),
        subject: needed(values.subject, 'subject'),
      };
    case 'approvals list':
      return { kind: 'approvals-list', json: isJson };
    default:
      return { kind: 'approvals-decide', id, approve: action === 'approve' };
  }
}

function auditQuery(values: OperatorValues, now: number): AuditQuery {
  const { tenant, subject, operation, decision } = values;
  const limit = values.limit === undefined ? undefined : Number(values.limit);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 1_000))
    throw new UsageError('--limit is a whole number from 1 to 1000');
  const query: AuditQuery = {
    since: values.since === undefined ? undefined : instant(values.since, now, -1),
    until: values.until === undefined ? undefined : instant(values.until, now, -1),
    tenant,
    subject,
    operation,
    decision,
    callId: values['call-id'],
    limit,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

function needed(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`--${option} is missing`);
  return value;
}

/** `90d`, `24h`, `30m` or `60s`. @returns milliseconds */
function duration(text: string, least = 0): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || Number(count) < least)
    throw new UsageError(`a time is written like 90d, 24h, 30m or 60s, not ${JSON.stringify(text)}`);
  return Number(count) * UNITS_MS[unit!]!;
}

/** A date, or a time from now: ahead or ago. @returns milliseconds since 1970 */
function instant(text: string, now: number, direction: 1 | -1): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now + direction * duration(text, direction);
  if (Number.isNaN(at)) throw new UsageError(`not a date: ${JSON.stringify(text)}`);
  return at;
}
