import { describe, expect, it } from '@jest/globals';
import type { ApprovalStore, Plan } from './approval-store.js';
import { MemoryApprovalStore } from './memory-approval-store.js';

const PLAN: Plan = { caller: 'alice', operation: 'destroy', digest: 'd1' };

/** What every store must keep, whatever it is made of. */
function contract(make: (ttl: { ttlMs: number; now: () => number }) => ApprovalStore): void {
  it('redeems a plan once', async () => {
    const store = make({ ttlMs: 1_000, now: () => 0 });
    const id = await store.propose(PLAN);
    expect([await store.redeem(id, PLAN), await store.redeem(id, PLAN)]).toEqual([true, false]);
  });

  it('redeems a plan once more that was given back', async () => {
    const store = make({ ttlMs: 1_000, now: () => 0 });
    const id = await store.propose(PLAN);
    await store.redeem(id, PLAN);
    await store.giveBack(id, PLAN);
    expect([await store.redeem(id, PLAN), await store.redeem(id, PLAN)]).toEqual([true, false]);
  });

  it.each([
    ['another caller', { caller: 'bob' }],
    ['another operation', { operation: 'change' }],
    ['other arguments', { digest: 'd2' }],
  ])('refuses it for %s, and that does not use it up', async (_what, difference) => {
    const store = make({ ttlMs: 1_000, now: () => 0 });
    const id = await store.propose(PLAN);
    expect(await store.redeem(id, { ...PLAN, ...difference })).toBe(false);
    expect(await store.redeem(id, PLAN)).toBe(true);
  });

  it('refuses it once its time is over, and what it never gave', async () => {
    let now = 0;
    const store = make({ ttlMs: 1_000, now: () => now });
    const id = await store.propose(PLAN);
    now = 1_000;
    expect(await store.redeem(id, PLAN)).toBe(false);
    expect(await store.redeem('plan_guess', PLAN)).toBe(false);
  });
}

describe('MemoryApprovalStore', () => {
  contract((settings) => new MemoryApprovalStore(settings));

  it("drops a caller's oldest plan for his newest, and nobody else's", () => {
    const store = new MemoryApprovalStore({ maxPlansPerCaller: 2 });
    const others = store.propose({ ...PLAN, caller: 'bob' });
    const [first, second, third] = [store.propose(PLAN), store.propose(PLAN), store.propose(PLAN)];
    expect([first, second, third].map((id) => store.redeem(id, PLAN))).toEqual([false, true, true]);
    expect(store.redeem(others, { ...PLAN, caller: 'bob' })).toBe(true);
  });

  it('refuses a plan beyond its capacity, and takes plans again when one has gone', () => {
    const store = new MemoryApprovalStore({ maxPlans: 1 });
    const id = store.propose(PLAN);
    expect(() => store.propose({ ...PLAN, caller: 'bob' })).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    store.redeem(id, PLAN);
    expect(store.propose({ ...PLAN, caller: 'bob' })).toMatch(/^plan_/);
  });
});
