import type { Risk } from '@app/mcp';
import type { Subject } from '../call/subject.js';
import { CallLimits } from '../policies/call-limits.policy.js';
import { Confirmation } from '../policies/confirmation.policy.js';
import { DependsOn } from '../policies/depends-on.policy.js';
import { Retry } from '../policies/retry.policy.js';
import { byStage, type Mitigation, type Risks } from './what-could-go-wrong.js';

const READ = ['hang', 'overload', 'oversize', 'secret leak', 'escape', 'dependency down', 'caller gone'] as const;
const WRITE = [...READ, 'partial write', 'lost update', 'duplicate'] as const;
const EXECUTE = [...WRITE, 'orphan', 'resource exhaustion', 'exfiltration'] as const;
const DESTRUCTIVE = [...EXECUTE, 'irreversible loss'] as const;

/** What can always go wrong, by what a tool may do. Each must have a mitigation or a waiver. */
export const STANDARD_FAILURES: Readonly<Record<Risk, readonly string[]>> = {
  read: READ,
  write: WRITE,
  execute: EXECUTE,
  destructive: DESTRUCTIVE,
};

/** What the platform itself stands against, for this subject. */
export function platformMitigations({ risk, policies }: Subject): Risks {
  const risks: Record<string, readonly Mitigation[]> = {
    hang: [
      byStage('deadline'),
      ...(policies.get(CallLimits)?.attemptTimeoutMs === undefined ? [] : [byStage('attempt timeout')]),
    ],
    overload: [byStage('admission'), byStage('throttle'), byStage('bulkhead')],
    oversize: [byStage('validate output')],
    'secret leak': [byStage('redact')],
    'caller gone': [byStage('deadline')],
    'no identity': [byStage('principal')],
    'no permission': [byStage('authorize')],
    'bad arguments': [byStage('validate input')],
    'bad result': [byStage('validate output')],
    'agent loop': [byStage('stuck loop')],
    'must be stopped at once': [byStage('kill switch')],
  };
  if (policies.get(DependsOn) !== undefined) risks['dependency down'] = [byStage('breaker')];
  if (policies.get(Retry) !== undefined) risks['retry storm'] = [byStage('retry')];
  if (risk !== 'read') {
    risks['duplicate'] = [byStage('idempotency')];
    risks['effect without a record'] = [byStage('intent')];
  }
  if (risk === 'destructive' && (policies.get(Confirmation) ?? 'platform') === 'platform')
    risks['irreversible loss'] = [byStage('approval')];
  return risks;
}
