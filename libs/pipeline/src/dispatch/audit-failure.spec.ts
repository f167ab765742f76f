import { describe, expect, it } from '@jest/globals';
import { AuditSink, type AuditRecord } from '@app/security';
import { FixtureTools, TestKit } from '@app/testing';

/** Lets the records of one phase fail. */
class FailingSink extends AuditSink {
  constructor(private readonly phase: AuditRecord['phase']) {
    super();
  }
  override record({ phase }: AuditRecord): void {
    if (phase === this.phase) throw new Error('disk full');
  }
}

describe('an audit that cannot be written', () => {
  it.each(['change', 'execute', 'destroy'])('stops %s before its effect', async (tool) => {
    const kit = await TestKit.start({ toolsetClasses: [FixtureTools], sink: new FailingSink('intent') });
    expect((await kit.fail(tool, { key: 'a' })).code).toBe('POLICY_UNAVAILABLE');
    expect(kit.get(FixtureTools).effects).toEqual([]);
    await kit.stop();
  });

  it('withholds the answer of a read whose outcome cannot be recorded', async () => {
    const kit = await TestKit.start({ toolsetClasses: [FixtureTools], sink: new FailingSink('outcome') });
    expect((await kit.fail('echo', { text: 'a' })).code).toBe('POLICY_UNAVAILABLE');
    await kit.stop();
  });
});
