import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Principal } from '@app/mcp';
import { describeDialects } from '../audit/fixtures/describe-dialects.js';
import { TestDatabase } from '../audit/fixtures/test-database.js';
import type { ApprovalSettings, ApprovalStore } from './approval-store.js';
import { MemoryApprovalStore } from './memory-approval-store.js';
import type { KeptPlan, Plan } from './plan.js';
import { SqlApprovalStore } from './sql-approval-store.js';

const principal = (subject: string, tenant = 'acme', ...actors: string[]): Principal => ({
  subject,
  tenant,
  scopes: ['*'],
  actors,
});
const ALICE = principal('alice');
const ANNA = principal('anna');
const PLAN: Plan = { caller: ALICE, operation: 'destroy', digest: 'd1', summary: 'destroy {}', approver: 'caller' };
const OTHERS: Plan = { ...PLAN, approver: 'other', state: 's1' };
const GUESSED = `plan_${'A'.repeat(24)}`;
const USED = { kind: 'refused', why: 'used' };
const REDEEMED = { kind: 'redeemed' };

let now: number;
const clock = (): number => now;
beforeEach(() => {
  now = 1_790_000_000_000;
});

type Make = (settings?: Partial<ApprovalSettings>) => ApprovalStore;

/** What every store must keep, whatever it is made of. */
function contract(make: Make, isExact: boolean): void {
  it('redeems a plan once, for what the dry run saw', async () => {
    const store = make();
    const id = await store.propose({ ...PLAN, state: 's1' });
    expect(await store.redeem(id, PLAN, 'caller')).toEqual({ kind: 'redeemed', state: 's1' });
    expect(await store.redeem(id, PLAN, 'caller')).toEqual(USED);
    expect(id).toMatch(/^plan_[\w-]{24}$/);
  });

  it('lets one of many win that confirm at once', async () => {
    const store = make();
    const id = await store.propose(PLAN);
    const ends = await Promise.all(Array.from({ length: 8 }, () => store.redeem(id, PLAN, 'caller')));
    expect(ends.map(({ kind }) => kind).sort()).toEqual(['redeemed', ...Array.from({ length: 7 }, () => 'refused')]);
  });

  it('redeems a plan once more that was given back, until its time is over', async () => {
    const store = make();
    const id = await store.propose(PLAN);
    await store.redeem(id, PLAN, 'caller');
    await store.giveBack(id, PLAN);
    await store.giveBack(id, PLAN);
    expect(await store.redeem(id, PLAN, 'caller')).toEqual(REDEEMED);
    expect(await store.redeem(id, PLAN, 'caller')).toEqual(USED);
    now += 299_999;
    await store.giveBack(id, PLAN);
    now += 1;
    expect(await store.redeem(id, PLAN, 'caller')).toEqual({ kind: 'refused', why: 'unknown' });
  });

  it.each([
    ['another caller', { caller: ANNA }, 'foreign'],
    ['a caller of that name elsewhere', { caller: principal('alice', 'globex') }, 'foreign'],
    ['another who acts for the caller', { caller: principal('alice', 'acme', 'agent') }, 'foreign'],
    ['another operation', { operation: 'change' }, 'altered'],
    ['other arguments', { digest: 'd2' }, 'altered'],
  ])('refuses it for %s, and that does not use it up', async (_what, difference, why) => {
    const store = make();
    const id = await store.propose(PLAN);
    const other = { ...PLAN, ...difference };
    expect(await store.redeem(id, other, 'caller')).toEqual({ kind: 'refused', why });
    if (why === 'foreign') {
      await store.redeem(id, PLAN, 'caller');
      await store.giveBack(id, other);
      expect(await store.redeem(id, PLAN, 'caller')).toEqual(USED);
    } else expect(await store.redeem(id, PLAN, 'caller')).toEqual(REDEEMED);
  });

  it('tells callers apart that some databases would not', async () => {
    const store = make();
    const id = await store.propose({ ...PLAN, caller: principal('a\ud800') });
    for (const name of ['a\ud801', 'a\ufffd', 'A\ud800'])
      expect(await store.redeem(id, { ...PLAN, caller: principal(name) }, 'caller')).toMatchObject({ why: 'foreign' });
  });

  it('refuses it once its time is over, and what it never gave', async () => {
    const store = make();
    const id = await store.propose(PLAN);
    now += 300_000;
    for (const each of [id, GUESSED, 'plan_guess', '', `${GUESSED}\0`, `${GUESSED}' OR '1'='1`, 'x'.repeat(100_000)])
      expect(await store.redeem(each, PLAN, 'caller')).toEqual({ kind: 'refused', why: 'unknown' });
    expect(await store.find(id)).toBeUndefined();
  });

  describe('a plan for somebody else to approve', () => {
    it('counts only when somebody has, and then once', async () => {
      const store = make();
      const id = await store.propose(OTHERS);
      expect(await store.redeem(id, PLAN, 'other')).toEqual({ kind: 'waiting' });
      // Also when the operator has stopped demanding it meanwhile.
      expect(await store.redeem(id, PLAN, 'caller')).toEqual({ kind: 'waiting' });
      now += 1_000;
      const decided = await store.decide(id, { by: ANNA, approve: true });
      const expected: Partial<KeptPlan> = { status: 'approved', decidedBy: '["acme","anna"]', decidedAt: now };
      expect(decided).toMatchObject({ kind: 'decided', plan: expected });
      expect(await store.find(id)).toEqual({
        ...OTHERS,
        ...expected,
        caller: { tenant: 'acme', subject: 'alice', actors: [] },
        id,
        createdAt: now - 1_000,
        expiresAt: now - 1_000 + 3_600_000,
      });
      expect(await store.redeem(id, PLAN, 'other')).toEqual({ kind: 'redeemed', state: 's1' });
      await store.giveBack(id, PLAN);
      expect(await store.redeem(id, PLAN, 'other')).toMatchObject(REDEEMED);
      expect(await store.redeem(id, PLAN, 'other')).toEqual(USED);
    });

    it('never counts once it was denied, and is not decided on again', async () => {
      const store = make();
      const id = await store.propose(OTHERS);
      await store.decide(id, { by: 'operator', approve: false });
      expect(await store.find(id)).toMatchObject({ status: 'denied', decidedBy: 'operator' });
      const decided = { kind: 'refused', why: 'decided' };
      expect(await store.decide(id, { by: ANNA, approve: true })).toEqual(decided);
      expect(await store.redeem(id, PLAN, 'other')).toEqual({ kind: 'denied' });
      await store.giveBack(id, PLAN);
      expect(await store.redeem(id, PLAN, 'other')).toEqual({ kind: 'denied' });
    });

    it('is not what the caller could have confirmed himself before the operator demanded it', async () => {
      const store = make();
      const id = await store.propose(PLAN);
      const refused = { kind: 'refused', why: 'not approved by another' };
      expect(await store.redeem(id, PLAN, 'other')).toEqual(refused);
      expect(await store.decide(id, { by: ANNA, approve: true })).toEqual({ kind: 'refused', why: 'unknown' });
    });

    it.each<[string, Principal, string]>([
      ['the caller', principal('alice'), 'own'],
      ['somebody for whom the caller acts', principal('anna', 'acme', 'alice'), 'own'],
      ['who acts for the caller', principal('agent'), 'own'],
      ['somebody for whom the same service acts', principal('anna', 'acme', 'gateway', 'agent'), 'own'],
      ['somebody of another tenant', principal('bob', 'globex'), 'unknown'],
      ['the namesake of another tenant', principal('alice', 'globex'), 'unknown'],
    ])('is not decided on by %s', async (_who, by, why) => {
      const store = make();
      const call = { ...OTHERS, caller: principal('alice', 'acme', 'agent') };
      const id = await store.propose(call);
      for (const approve of [true, false])
        expect(await store.decide(id, { by, approve })).toEqual({ kind: 'refused', why });
      expect(await store.redeem(id, call, 'other')).toEqual({ kind: 'waiting' });
      expect(await store.decide(id, { by: ANNA, approve: true })).toMatchObject({ kind: 'decided' });
    });

    it('is decided on by the first of many', async () => {
      const store = make();
      const id = await store.propose(OTHERS);
      const deciders = Array.from({ length: 8 }, (_, index) => principal(`anna${index}`));
      const ends = await Promise.all(deciders.map((by, index) => store.decide(id, { by, approve: index % 2 === 0 })));
      expect(ends.filter(({ kind }) => kind === 'decided')).toHaveLength(1);
    });

    it('is not decided on when its time is over', async () => {
      const store = make();
      const id = await store.propose(OTHERS);
      now += 3_600_000;
      expect(await store.decide(id, { by: ANNA, approve: true })).toEqual({ kind: 'refused', why: 'unknown' });
    });

    it('keeps its id when it is proposed again, until it is over', async () => {
      const store = make();
      const id = await store.propose(OTHERS);
      expect(await store.propose(OTHERS)).toBe(id);
      for (const difference of [{ state: 's2' }, { state: undefined }, { digest: 'd2' }, { caller: ANNA }])
        expect(await store.propose({ ...OTHERS, ...difference })).not.toBe(id);
      await store.decide(id, { by: ANNA, approve: true });
      expect(await store.propose(OTHERS)).toBe(id);
      await store.redeem(id, PLAN, 'other');
      expect(await store.propose(OTHERS)).not.toBe(id);
      expect(await store.propose(PLAN)).not.toBe(await store.propose(PLAN));
    });
  });

  it('lists what is for others to decide, the oldest first', async () => {
    const store = make();
    await store.propose(PLAN);
    const ids: string[] = [];
    for (const caller of [ALICE, ANNA, principal('bob', 'globex')]) {
      ids.push(await store.propose({ ...OTHERS, caller }));
      now += 1;
    }
    await store.decide(ids[1]!, { by: ALICE, approve: true });
    const listed = async (asked: Parameters<ApprovalStore['list']>[0]): Promise<number[]> =>
      (await store.list(asked)).map(({ id }) => ids.indexOf(id));
    expect(await listed({})).toEqual([0, 1, 2]);
    expect(await listed({ tenant: 'acme' })).toEqual([0, 1]);
    expect(await listed({ tenant: 'acme', status: 'pending' })).toEqual([0]);
    expect(await listed({ tenant: 'globex', status: 'approved' })).toEqual([]);
    now += 3_600_000 - 2;
    expect(await listed({})).toEqual([2]);
  });

  it("drops of a caller's plans what is over, then the oldest, for his newest, and nobody else's", async () => {
    const store = make({ maxPlansPerCaller: 3 });
    const theirs = await store.propose({ ...PLAN, caller: ANNA });
    const mine: string[] = [];
    const proposeOne = async (): Promise<void> => {
      now += 1;
      mine.push(await store.propose(PLAN));
    };
    for (let plan = 0; plan < 3; plan++) await proposeOne();
    await store.redeem(mine[1]!, PLAN, 'caller');
    await proposeOne();
    await proposeOne();
    const left = await Promise.all(mine.map(async (id) => (await store.find(id)) !== undefined));
    expect(left).toEqual([false, false, true, true, true]);
    expect(await store.find(theirs)).toBeDefined();
  });

  it('refuses a plan beyond its capacity, and takes plans again when one has gone', async () => {
    const store = make({ maxPlans: 2 });
    await store.propose(PLAN);
    await store.propose(OTHERS);
    const third = store.propose({ ...PLAN, caller: ANNA });
    await expect(third).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterMs: 300_000 });
    now += 300_000;
    expect(await store.propose({ ...PLAN, caller: ANNA })).toMatch(/^plan_/);
  });

  it('holds its bounds under many at once, but for those at the same moment', async () => {
    const store = make({ maxPlans: 20, maxPlansPerCaller: 5 });
    const propose = (caller: number): Promise<unknown> =>
      store.propose({ ...OTHERS, digest: `${now++}`, caller: principal(`c${caller}`) }).catch(() => undefined);
    for (let round = 0; round < 8; round++)
      await Promise.all(Array.from({ length: 8 }, (_, caller) => propose(caller)));
    const kept = await store.list({});
    expect(kept.length).toBeLessThanOrEqual(isExact ? 20 : 27);
    for (let caller = 0; caller < 8; caller++)
      expect(kept.filter((plan) => plan.caller.subject === `c${caller}`).length).toBeLessThanOrEqual(5);
  });
}

describe('MemoryApprovalStore', () => {
  contract((settings) => new MemoryApprovalStore(settings, clock), true);

  it('refuses what has expired although the clock was set back in between', async () => {
    const store = new MemoryApprovalStore({}, clock);
    now += 1_000_000;
    await store.propose(PLAN);
    now -= 1_000_000;
    const id = await store.propose(PLAN);
    now += 300_000;
    expect(await store.redeem(id, PLAN, 'caller')).toMatchObject({ why: 'unknown' });
  });
});

await describeDialects('SqlApprovalStore', (dialect) => {
  let folder: string;
  let database: TestDatabase;
  const clear = (): Promise<unknown> =>
    database.run((statement) => statement(`DELETE FROM ${database.table('mcp_approvals')} WHERE 1 = $1`, [1]));
  const rows = async (): Promise<number> => {
    const sql = `SELECT count(*) AS n FROM ${database.table('mcp_approvals')} WHERE 1 = $1`;
    return Number((await database.run((statement) => statement<{ n: number }>(sql, [1]))).rows[0]!.n);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'approvals-'));
    database = await TestDatabase.create(dialect, folder);
  });
  afterEach(clear);
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  contract((settings) => new SqlApprovalStore(database, settings, clock), false);

  it('is one store for all who share the database', async () => {
    const here = new SqlApprovalStore(database, {}, clock);
    const there = new SqlApprovalStore(database, {}, clock);
    const id = await here.propose(OTHERS);
    await there.decide(id, { by: 'operator', approve: true });
    expect(await here.redeem(id, PLAN, 'other')).toMatchObject(REDEEMED);
  });

  it('deletes what has expired, some hundreds of it with each new plan', async () => {
    const store = new SqlApprovalStore(database, {}, clock);
    const sql = `INSERT INTO ${database.table('mcp_approvals')} VALUES
      ($1, 'c', 't', 's', 'o', 'd', NULL, '', 'caller', 'used', NULL, NULL, 0, 1)`;
    await database.run(async (statement) => {
      for (let row = 0; row < 600; row++) await statement(sql, [`old${row}`]);
    });
    await store.propose(PLAN);
    expect(await rows()).toBe(101);
    await store.propose(PLAN);
    expect(await rows()).toBe(2);
  });

  it('lets nothing pass while the database is down', async () => {
    const store = new SqlApprovalStore(database, {}, clock);
    const id = await store.propose(PLAN);
    database.isDown = true;
    try {
      for (const ask of [() => store.propose(PLAN), () => store.redeem(id, PLAN, 'caller'), () => store.list({})])
        await expect(ask()).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' });
    } finally {
      database.isDown = false;
    }
    expect(await store.redeem(id, PLAN, 'caller')).toEqual(REDEEMED);
  });
});
