import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ALICE, BOB, FixtureTools, TestKit } from '@app/testing';

describe('a flood of refused calls', () => {
  let kit: TestKit;
  beforeEach(async () => {
    kit = await TestKit.start({ toolsetClasses: [FixtureTools], throttle: { maxRequests: 1 } });
  });

  const flood = async (calls: number): Promise<void> => {
    for (let call = 0; call < calls; call++) await kit.call('echo', { text: 'x' });
  };
  const recorded = (phase: string): number => kit.audit().filter((record) => record.phase === phase).length;
  afterEach(() => kit.stop());

  it('is recorded one by one up to a hundred, and as a number beyond', async () => {
    await flood(351);
    expect([recorded('outcome'), recorded('summary')]).toEqual([101, 0]);
    await kit.stop();
    expect(kit.audit().at(-1)).toMatchObject({
      phase: 'summary',
      operation: 'echo',
      subject: 'alice',
      decision: 'RATE_LIMITED',
      count: 250,
    });
  });

  it('hides nobody else, and no call that was let in', async () => {
    await flood(200);
    const before = recorded('outcome');
    await kit.call('echo', { text: 'x' }, { principal: BOB });
    await kit.call('refuse', {}, { principal: ALICE });
    expect(recorded('outcome') - before).toBe(2);
  });

  it('is counted whole by the metrics', async () => {
    await flood(201);
    expect(await kit.metric('wcgw_call_outcomes_total', { outcome: 'RATE_LIMITED' })).toBe(200);
  });
});
