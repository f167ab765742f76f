import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProtocolViolation } from '@app/mcp';
import { ALICE, FixtureTools, TestKit } from '@app/testing';
import { Admission } from './admission.js';
import { CallRunner } from './call-runner.js';

describe('a call through the pipeline', () => {
  let kit: TestKit;
  beforeEach(async () => {
    kit = await TestKit.start({ toolsetClasses: [FixtureTools] });
  });
  afterEach(() => kit.stop());
  const effects = (): string[] => kit.get(FixtureTools).effects;

  it('answers with the structured output', async () => {
    expect(await kit.succeed('echo', { text: 'hi' })).toEqual({ text: 'hi' });
  });

  it('records no intent for a call that is refused', async () => {
    await kit.fail('change', { kee: 'a' });
    expect(kit.audit().map(({ phase }) => phase)).toEqual(['outcome']);
  });

  it('refuses an unknown key with the nearest name, and executes nothing', async () => {
    const failure = await kit.fail('change', { key: 'a', kee: 'b' });
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.message).toContain('unknown key "kee", did you mean "key"?');
    expect(effects()).toEqual([]);
  });

  it.each([
    ['a wrong type', { key: 7 }],
    ['a missing key', {}],
    ['a list', ['key']],
    ['a key that reaches for the prototype', JSON.parse('{"key":"a","__proto__":{"polluted":true}}')],
    ['a lone surrogate', { key: '\ud800x' }],
    ['too long a text', { key: 'x'.repeat(65) }],
  ])('refuses %s, and executes nothing', async (_name, input) => {
    expect((await kit.fail('change', input)).code).toBe('INVALID_ARGUMENT');
    expect(effects()).toEqual([]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('accepts text of exactly the allowed length', async () => {
    expect(await kit.succeed('change', { key: 'x'.repeat(64) })).toEqual({ done: 'x'.repeat(64) });
  });

  it('throws for an unknown tool, with its name made harmless', async () => {
    const name = `no\u202esuch\n${'x'.repeat(200)}`;
    await expect(kit.call(name)).rejects.toThrow(ProtocolViolation);
    await expect(kit.call(name)).rejects.toThrow(/^Unknown tool: "no\\u\{202e\}such\\n/);
  });

  it('passes an expected refusal on with its hint', async () => {
    expect(await kit.fail('refuse')).toEqual({
      code: 'CONFLICT',
      message: 'It changed meanwhile.',
      hint: 'Read it again.',
    });
  });

  it('hides what broke inside', async () => {
    const failure = await kit.fail('break_down');
    expect(failure.code).toBe('INTERNAL');
    expect(JSON.stringify(failure)).not.toContain('private');
  });

  it('never sends output that does not fit its schema', async () => {
    expect((await kit.fail('lie')).code).toBe('INTERNAL');
  });

  it('asks the client, and runs again with the answer', async () => {
    const first = await kit.call('ask');
    if (first.kind !== 'input_required') throw new Error(first.kind);
    expect(first.requests).toMatchObject({ name: { kind: 'elicitation', message: 'What is your name?' } });
    const answers = { name: { action: 'accept', content: { name: 'Ada' } } };
    expect(await kit.succeed('ask', {}, { answers, state: first.state })).toEqual({ done: 'Hello, Ada' });
    const wrong = await kit.call('ask', {}, { answers: { name: { action: 'accept', content: {} } } });
    expect(wrong.kind).toBe('input_required');
  });

  it('refuses a call without a caller', async () => {
    const nobody = { ...ALICE, subject: '' };
    expect((await kit.fail('echo', { text: 'x' }, { principal: nobody })).code).toBe('UNAUTHENTICATED');
  });

  describe('the deadline', () => {
    it('answers in time although the method goes on, and counts the work that outlives it', async () => {
      const { overdue } = kit.get(CallRunner);
      const failure = await kit.fail('slow', { ms: 2_300, deaf: true });
      expect(failure.code).toBe('TIMEOUT');
      expect(overdue.count()).toBe(1);
      expect(kit.get(Admission).inFlight()).toBe(1);
      await kit.get(Admission).whenIdle();
      await Promise.resolve();
      expect(overdue.count()).toBe(0);
      expect(effects()).toEqual(['slow:2300']);
    });

    it('reaches the method as a signal', async () => {
      await kit.fail('slow', { ms: 60_000 });
      await kit.get(Admission).whenIdle();
      expect(effects()).toEqual([]);
    });

    it('ends the call when the caller is gone', async () => {
      const caller = new AbortController();
      const call = kit.fail('slow', { ms: 60_000 }, { signal: caller.signal });
      caller.abort();
      expect((await call).code).toBe('CANCELLED');
      expect(effects()).toEqual([]);
    });
  });

  describe('admission', () => {
    it('refuses the call after the last place, and takes calls again when one is free', async () => {
      await kit.stop();
      kit = await TestKit.start({ toolsetClasses: [FixtureTools], limits: { concurrentCalls: 2 } });
      const callers = [new AbortController(), new AbortController()];
      const running = callers.map(({ signal }) => kit.fail('slow', { ms: 60_000 }, { signal }));
      expect((await kit.fail('echo', { text: 'x' })).code).toBe('OVERLOADED');
      for (const caller of callers) caller.abort();
      await Promise.all(running);
      await kit.get(Admission).whenIdle();
      expect(await kit.succeed('echo', { text: 'x' })).toEqual({ text: 'x' });
    });

    it('refuses new calls once the server drains, and cuts off what does not end', async () => {
      const running = kit.fail('slow', { ms: 60_000, deaf: false });
      kit.get(Admission).drain();
      expect((await kit.fail('echo', { text: 'x' })).code).toBe('OVERLOADED');
      kit.get(Admission).cutOff();
      expect((await running).code).toBe('OVERLOADED');
      await kit.get(Admission).whenIdle();
    });
  });

  describe('the audit', () => {
    const decisions = (): unknown[] =>
      kit.audit().map(({ phase, operation, decision }) => [phase, operation, decision]);

    it('records every end of a call, refusals and unknown tools included', async () => {
      await kit.succeed('echo', { text: 'x' });
      await kit.fail('echo', { txt: 'x' });
      await kit.fail('refuse');
      await expect(kit.call('nothing')).rejects.toThrow();
      expect(decisions()).toEqual([
        ['outcome', 'echo', 'success'],
        ['outcome', 'echo', 'INVALID_ARGUMENT'],
        ['outcome', 'refuse', 'CONFLICT'],
        ['outcome', 'unknown', 'unknown_operation'],
      ]);
    });

    it('records what became of a change whose caller was answered before it ended', async () => {
      const caller = new AbortController();
      const call = kit.fail('change_slowly', { key: 'a' }, { signal: caller.signal });
      while (effects().length === 0) await new Promise((next) => setImmediate(next));
      caller.abort();
      expect((await call).code).toBe('CANCELLED');
      await kit.get(Admission).whenIdle();
      await new Promise((next) => setImmediate(next));
      expect(kit.audit().map(({ phase, decision }) => [phase, decision])).toEqual([
        ['intent', undefined],
        ['outcome', 'CANCELLED'],
        ['late_outcome', 'success'],
      ]);
    });

    it('records the intent before the effect of a call that changes something', async () => {
      await kit.succeed('change', { key: 'a' });
      expect(decisions()).toEqual([
        ['intent', 'change', undefined],
        ['outcome', 'change', 'success'],
      ]);
      const [intent, outcome] = kit.audit();
      expect(intent!.callId).toBe(outcome!.callId);
      expect(outcome).toMatchObject({ tenant: 'acme', subject: 'alice', risk: 'write' });
      expect(outcome!.inputDigest).toMatch(/^[0-9a-f]{64}$/);
    });
  });
});
