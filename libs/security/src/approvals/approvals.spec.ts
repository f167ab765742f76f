import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Principal } from '@app/mcp';
import { MemoryAuditSink } from '../audit/memory-audit-sink.js';
import { SecurityEvents } from '../audit/security-events.js';
import { Approvals } from './approvals.js';
import { MemoryApprovalStore } from './memory-approval-store.js';
import type { Plan } from './plan.js';

const principal = (subject: string, tenant = 'acme'): Principal => ({ subject, tenant, scopes: ['*'], actors: [] });
const ALICE = principal('alice');
const ANNA: Principal = { ...principal('anna'), actors: ['console'], via: 'token' };
const BOB = principal('bob', 'globex');
const PLAN: Plan = {
  caller: ALICE,
  operation: 'destroy',
  digest: 'd1',
  state: 's1',
  summary: 'destroy {"key":"a"}',
  approver: 'other',
};
const UNKNOWN = `plan_${'A'.repeat(24)}`;

describe('Approvals', () => {
  let store: MemoryApprovalStore;
  let sink: MemoryAuditSink;
  let approvals: Approvals;
  let id: string;
  const recorded = (): unknown[] =>
    sink
      .records()
      .map(({ subject, tenant, decision, details }) => [
        `${tenant}/${subject}`,
        details!['verdict'],
        details!['plan'],
        decision,
      ]);
  const redeemed = async (): Promise<string> => (await store.redeem(id, PLAN, 'other')).kind;

  beforeEach(async () => {
    store = new MemoryApprovalStore();
    sink = new MemoryAuditSink();
    approvals = new Approvals(store, new SecurityEvents(sink, () => 'event'));
    id = await store.propose(PLAN);
  });

  it('approve, and record who did', async () => {
    expect(await approvals.approve(id, ANNA)).toMatchObject({ id, status: 'approved', decidedBy: '["acme","anna"]' });
    expect(sink.records()).toMatchObject([
      {
        phase: 'event',
        operation: 'approval_decided',
        tenant: 'acme',
        subject: 'anna',
        actors: ['console'],
        via: 'token',
        decision: 'success',
        details: { plan: id, verdict: 'approved', operation: 'destroy' },
      },
    ]);
    expect(await redeemed()).toBe('redeemed');
  });

  it('deny, also by the operator, who is of no tenant', async () => {
    expect(await approvals.deny(id, 'operator')).toMatchObject({ status: 'denied', decidedBy: 'operator' });
    expect(recorded()).toEqual([['acme/operator', 'denied', id, 'success']]);
    expect(await redeemed()).toBe('denied');
  });

  it.each<[string, Principal, () => string, string, string]>([
    ['his own call', ALICE, () => id, 'POLICY_DENIED', 'destroy'],
    ['a call of another tenant', BOB, () => id, 'NOT_FOUND', ''],
    ['a plan nobody made', ANNA, () => UNKNOWN, 'NOT_FOUND', ''],
    ['what is no plan', ANNA, () => "x'; DROP TABLE", 'NOT_FOUND', ''],
  ])('refuse whoever decides on %s, and record it', async (_what, by, which, code, operation) => {
    for (const verdict of ['approve', 'deny'] as const)
      await expect(approvals[verdict](which(), by)).rejects.toMatchObject({ code });
    expect(sink.records()).toMatchObject([{ decision: code, subject: by.subject }, { decision: code }]);
    expect(sink.records().map(({ details }) => details!['operation'] ?? '')).toEqual([operation, operation]);
    expect(JSON.stringify(sink.records())).not.toContain('DROP');
    expect(await redeemed()).toBe('waiting');
  });

  it('decide once, and record who came too late', async () => {
    await approvals.approve(id, ANNA);
    await expect(approvals.deny(id, principal('arno'))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(recorded()).toEqual([
      ['acme/anna', 'approved', id, 'success'],
      ['acme/arno', 'denied', id, 'CONFLICT'],
    ]);
    expect(await redeemed()).toBe('redeemed');
  });

  it('let one win who decide at once', async () => {
    const ends = await Promise.allSettled([approvals.approve(id, ANNA), approvals.deny(id, principal('arno'))]);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(recorded().at(-1)).toEqual(['acme/arno', 'denied', id, 'CONFLICT']);
    expect(await redeemed()).toBe('redeemed');
  });

  it('decide nothing that cannot be recorded', async () => {
    approvals = new Approvals(store, { record: () => Promise.reject(new Error('disk full')) });
    await expect(approvals.approve(id, ANNA)).rejects.toThrow('disk full');
    expect(await redeemed()).toBe('waiting');
  });

  it('list to each what is his to decide, without what only the server needs', async () => {
    const theirs = await store.propose({ ...PLAN, caller: BOB });
    await store.propose({ ...PLAN, approver: 'caller' });
    const listed = async (...asked: Parameters<Approvals['list']>): Promise<string[]> =>
      (await approvals.list(...asked)).map((plan) => plan.id);
    expect(await listed(ANNA)).toEqual([id]);
    expect(await listed(ANNA, { tenant: 'globex' })).toEqual([id]);
    expect(await listed('operator')).toEqual([id, theirs]);
    expect(await listed('operator', { tenant: 'globex' })).toEqual([theirs]);
    await approvals.approve(id, ANNA);
    expect(await listed(ANNA)).toEqual([]);
    expect(await listed(ANNA, { status: 'all' })).toEqual([id]);
    const [plan] = await approvals.list(ANNA, { status: 'approved' });
    expect(plan).toMatchObject({ id, summary: 'destroy {"key":"a"}', caller: { subject: 'alice' } });
    expect(plan).not.toHaveProperty('digest');
    expect(plan).not.toHaveProperty('state');
  });
});
