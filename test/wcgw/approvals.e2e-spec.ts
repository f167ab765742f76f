import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parsePolicy, PolicySource } from '@app/config';
import type { Principal } from '@app/mcp';
import { ApprovalStore, Approvals, AuditSink, KnownSecrets, SecurityEvents } from '@app/security';
import { DeafWork, injected } from '@app/testing';
import { AUTHENTICATED, knowCallers } from '../callers/known-callers.js';
import { modernRequest, post } from '../support/mcp-messages.js';
import { ApprovalTools } from './approvals.toolset.js';
import { StagedServer } from './staged-server.js';

type Json = Record<string, unknown>;

let server: StagedServer;
afterEach(() => server.stop());

async function start(policy = '{}'): Promise<void> {
  // The same refusal again and again is what is tested here.
  const limits = { sameFailures: 1_000 };
  server = await StagedServer.start({ auth: AUTHENTICATED, policy: parsePolicy(policy), limits }, [ApprovalTools]);
  knowCallers(server);
}
const OTHERS = 'tools: { erase_thing: { approver: other }, erase_asked: { approver: other } }';
/** The operator's policy from now on. */
const decree = (policy: string): void =>
  void Object.assign(server.probe.get(PolicySource), { policy: parsePolicy(policy) });
/** Time as the store of plans sees it. */
const passTime = (ms: number): void =>
  void Object.assign(server.probe.get(ApprovalStore as never) as object, { now: () => Date.now() + ms });
const tools = (): ApprovalTools => server.probe.get(ApprovalTools);
const approvals = (): Approvals => {
  const events = new SecurityEvents(server.probe.get(AuditSink as never), randomUUID);
  return new Approvals(server.probe.get(ApprovalStore as never), events);
};
const principal = (subject: string, tenant = 'acme'): Principal => ({ subject, tenant, scopes: ['*'], actors: [] });

/** Nothing was lost, whatever was answered. */
function expectNothingLost(): void {
  expect(tools().effects).toEqual([]);
  expect([...tools().things.keys()]).toEqual(['a', 'b']);
}

interface Told {
  /** `success`, `input_required`, a code, or the number of an error of the protocol. */
  readonly end: string;
  readonly callId: string;
  readonly text: string;
  readonly planId: string;
  readonly structured?: Json;
  readonly error?: Json;
  readonly result: Json;
}
interface Extra {
  readonly key?: string;
  readonly canBeAsked?: boolean;
  readonly params?: Json;
}

async function call(who: string, name: string, args: unknown, extra: Extra = {}): Promise<Told> {
  const capabilities = extra.canBeAsked === true ? { elicitation: { form: {} } } : {};
  const meta = extra.key === undefined ? {} : { _meta: { 'mcp-software-engineer/idempotency_key': extra.key } };
  const params = { name, arguments: args, ...meta, ...extra.params };
  const { headers, body } = modernRequest('tools/call', params, { capabilities });
  const { message } = await post(server.url, body, { ...headers, authorization: `Bearer ${who}` });
  const result = (message.result ?? {}) as Json & { content?: { text: string }[]; _meta?: Record<string, Json> };
  const error = result._meta?.['mcp-software-engineer/error'];
  const text = (result.content ?? []).map((part) => part.text).join('\n');
  const structured = result['structuredContent'] as Json | undefined;
  return {
    end: String(
      message.error?.code ?? error?.['code'] ?? (result['requestState'] === undefined ? 'success' : 'input_required'),
    ),
    callId: String(result._meta?.['mcp-software-engineer/call_id']),
    text,
    planId: String(structured?.['plan_id'] ?? /plan_[\w-]+/.exec(text)?.[0]),
    structured,
    error,
    result,
  };
}
const notesOf = async ({ callId }: Told): Promise<unknown> => (await server.audit(callId)).at(-1)?.['notes'];
const dryRun = (who: string, name = 'erase_thing', key = 'a'): Promise<Told> => call(who, name, { key, dry_run: true });
const confirm = (who: string, planId: string, name = 'erase_thing', key = 'a', extra?: Extra): Promise<Told> =>
  call(who, name, { key, confirm: planId }, extra);

describe('a dry run', () => {
  it.each(['erase_thing', 'erase_told'])(
    'of %s shows what would be lost, and gives a plan that loses it',
    async (tool) => {
      await start();
      const shown = await dryRun('alice', tool);
      expect(shown.structured).toEqual({ text: 'would erase first', plan_id: expect.stringMatching(/^plan_/) });
      expect(shown.text).toContain(shown.planId);
      expect(await notesOf(shown)).toEqual(['approval: proposed']);
      expectNothingLost();
      const done = await confirm('alice', shown.planId, tool);
      expect(done.structured).toEqual({ text: 'erased first' });
      expect(await notesOf(done)).toEqual(['approval: confirmed']);
      expect(tools().effects).toEqual(['erased a']);
    },
  );

  it('is made also for a call that is not confirmed, so that every plan is about a state', async () => {
    await start();
    const refused = await call('alice', 'erase_thing', { key: 'a' });
    expect([refused.end, tools().looks]).toEqual(['CONFIRMATION_REQUIRED', 1]);
    expect(await notesOf(refused)).toEqual(['approval: refused CONFIRMATION_REQUIRED']);
    expect(await server.decisions('approval', 'erase_thing', 'refused CONFIRMATION_REQUIRED')).toBe(1);
    expectNothingLost();
    tools().things.set('a', 'changed');
    expect((await confirm('alice', refused.planId)).end).toBe('CONFLICT');
    expectNothingLost();
  });

  it('of a method that does not say what it saw is a defect, and there is no plan', async () => {
    await start();
    expect((await dryRun('alice', 'erase_unasked')).end).toBe('INTERNAL');
    expect((await call('alice', 'erase_unasked', { key: 'a' })).end).toBe('INTERNAL');
    expect((await dryRun('alice', 'erase_undeclared')).end).toBe('INTERNAL');
    expectNothingLost();
    const { planId } = await call('alice', 'erase_undeclared', { key: 'a' });
    expect((await confirm('alice', planId, 'erase_undeclared')).end).toBe('INTERNAL');
    expectNothingLost();
  });

  it('of a method that does not look again when it is applied tells on it', async () => {
    await start();
    const { planId } = await dryRun('alice', 'erase_careless');
    const told = await confirm('alice', planId, 'erase_careless');
    expect(told).toMatchObject({ end: 'INTERNAL', error: { hint: expect.stringContaining('changed') } });
    expect(await notesOf(told)).toEqual(['approval: confirmed', 'approval: state unchecked']);
    expect(server.log().some((line) => line['msg'] === 'call failed unexpectedly')).toBe(true);
  });
});

describe('a plan', () => {
  it(
    injected('irreversible loss', 'approval', 'what changed since it was shown is not lost by the old plan'),
    async () => {
      await start();
      const { planId } = await dryRun('alice');
      tools().things.set('a', 'changed');
      const told = await confirm('alice', planId);
      expect(told).toMatchObject({ end: 'CONFLICT', error: { hint: expect.stringContaining('dry_run') } });
      expect((await confirm('alice', planId)).end).toBe('INVALID_PLAN');
      tools().things.set('a', 'first');
      expect((await confirm('alice', planId)).end).toBe('INVALID_PLAN');
      expectNothingLost();
    },
  );

  it('is refused in the same words whatever is wrong with it, and nothing is lost', async () => {
    await start();
    const { planId } = await dryRun('alice');
    const used = (await dryRun('alice', 'erase_thing', 'b')).planId;
    tools().things.set('b', 'changed');
    await confirm('alice', used, 'erase_thing', 'b');
    const refused: Record<string, Told> = {
      'plan foreign': await confirm('anna', planId),
      'plan altered': await confirm('alice', planId, 'erase_thing', 'b'),
      'plan used': await confirm('alice', used, 'erase_thing', 'b'),
      'plan unknown': await confirm('alice', `plan_${'A'.repeat(24)}`),
    };
    const others = [
      await confirm('bob', planId),
      await confirm('alice', planId, 'erase_told'),
      await confirm('alice', planId.toLowerCase()),
      await confirm('alice', ''),
      await confirm('alice', `${planId}\0`),
    ];
    passTime(4 * 60_000);
    const late = (await dryRun('alice')).planId;
    passTime(10 * 60_000);
    others.push(await confirm('alice', late));
    for (const told of [...Object.values(refused), ...others]) expect(told.end).toBe('INVALID_PLAN');
    const words = [...Object.values(refused), ...others].map(({ error, text }) => [error!['hint'], text]);
    expect(new Set(words.map((said) => JSON.stringify(said))).size).toBe(1);
    for (const [why, told] of Object.entries(refused))
      expect(await notesOf(told)).toEqual([`approval: ${why}`, 'approval: refused INVALID_PLAN']);
    expectNothingLost();
  });

  it('is not used up by what was refused', async () => {
    await start();
    const { planId } = await dryRun('alice');
    await confirm('anna', planId);
    await confirm('bob', planId);
    await confirm('alice', planId, 'erase_thing', 'b');
    await confirm('alice', planId, 'erase_told');
    passTime(4 * 60_000);
    expect((await confirm('alice', planId)).end).toBe('success');
    expect(tools().effects).toEqual(['erased a']);
  });

  it('works once, also for many who come at once', async () => {
    await start();
    const { planId } = await dryRun('alice');
    const ends = await Promise.all(Array.from({ length: 10 }, () => confirm('alice', planId)));
    expect(ends.map(({ end }) => end).sort()).toEqual([...Array.from({ length: 9 }, () => 'INVALID_PLAN'), 'success']);
    expect(tools().effects).toEqual(['erased a']);
    expect((await confirm('alice', planId)).end).toBe('INVALID_PLAN');
  });

  it('that was used is not met by who asks for the answer to a keyed call again', async () => {
    await start();
    for (let time = 0; time < 2; time++)
      expect((await call('alice', 'erase_thing', { key: 'a' }, { key: 'k0' })).end).toBe('CONFIRMATION_REQUIRED');
    const { planId } = await dryRun('alice');
    for (let time = 0; time < 3; time++) {
      const told = await confirm('alice', planId, 'erase_thing', 'a', { key: 'k1' });
      expect(told.structured).toEqual({ text: 'erased first' });
    }
    expect((await confirm('alice', planId)).end).toBe('INVALID_PLAN');
    expect(tools().effects).toEqual(['erased a']);
  });

  it('is not asked for in shadow mode, and no state is compared', async () => {
    await start('policies: { approval: shadow }');
    expect((await dryRun('alice')).structured).toEqual({ text: 'would erase first' });
    expectNothingLost();
    const told = await call('alice', 'erase_thing', { key: 'a' }, { canBeAsked: true });
    expect(told.end).toBe('success');
    expect(await notesOf(told)).toEqual(['approval: would refuse CONFIRMATION_REQUIRED']);
  });
});

describe('a plan somebody else has to approve', () => {
  it(
    injected('irreversible loss', 'approval', 'the caller alone cannot do it, somebody else cannot do it for him'),
    async () => {
      await start(OTHERS);
      const { planId } = await dryRun('alice');
      const waiting = await confirm('alice', planId);
      expect(waiting).toMatchObject({
        end: 'CONFIRMATION_REQUIRED',
        error: { retryable: true, retry_after_ms: 10_000 },
        text: expect.stringContaining(planId),
      });
      await expect(approvals().approve(planId, principal('alice'))).rejects.toMatchObject({ code: 'POLICY_DENIED' });
      await expect(approvals().approve(planId, principal('bob', 'globex'))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      const acting = { ...principal('anna'), actors: ['alice'] };
      await expect(approvals().approve(planId, acting)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
      expect((await confirm('alice', planId)).end).toBe('CONFIRMATION_REQUIRED');
      expectNothingLost();
      const [shown] = await approvals().list(principal('anna'));
      expect(shown).toMatchObject({ id: planId, summary: 'erase_thing {"key":"a"}', caller: { subject: 'alice' } });
      await approvals().approve(planId, principal('anna'));
      expect((await confirm('anna', planId)).end).toBe('INVALID_PLAN');
      expect((await confirm('alice', planId, 'erase_thing', 'b')).end).toBe('INVALID_PLAN');
      expectNothingLost();
      expect((await confirm('alice', planId)).end).toBe('success');
      expect((await confirm('alice', planId)).end).toBe('INVALID_PLAN');
      expect(tools().effects).toEqual(['erased a']);
      const decisions = server
        .log()
        .filter((line) => line['operation'] === 'approval_decided')
        .map((line) => [line['subject'], line['decision']]);
      expect(decisions).toEqual([
        ['alice', 'POLICY_DENIED'],
        ['bob', 'NOT_FOUND'],
        ['anna', 'POLICY_DENIED'],
        ['anna', 'success'],
      ]);
    },
  );

  it('is of no use once it was denied, or its time is over', async () => {
    await start(OTHERS);
    const denied = await dryRun('alice');
    await approvals().deny(denied.planId, 'operator');
    for (let time = 0; time < 2; time++) expect((await confirm('alice', denied.planId)).end).toBe('POLICY_DENIED');
    const late = await dryRun('alice');
    expect(late.planId).not.toBe(denied.planId);
    await approvals().approve(late.planId, principal('anna'));
    passTime(60 * 60_000);
    expect((await confirm('alice', late.planId)).end).toBe('INVALID_PLAN');
    expectNothingLost();
  });

  it('is still about the state that was shown', async () => {
    await start(OTHERS);
    const { planId } = await dryRun('alice');
    await approvals().approve(planId, principal('anna'));
    tools().things.set('a', 'changed');
    expect((await confirm('alice', planId)).end).toBe('CONFLICT');
    expectNothingLost();
  });

  it('cannot be agreed to by the user of the client that calls', async () => {
    await start(OTHERS);
    const asked = await call('alice', 'erase_asked', { key: 'a' }, { canBeAsked: true });
    expect(asked.end).toBe('CONFIRMATION_REQUIRED');
    expect(asked.text).toContain('Somebody else has to approve');
    const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } };
    expect(
      (await call('alice', 'erase_asked', { key: 'a' }, { canBeAsked: true, params: { inputResponses } })).end,
    ).toBe('CONFIRMATION_REQUIRED');
    expectNothingLost();
  });

  it('is not one the caller was given before the operator demanded it', async () => {
    await start();
    const { planId } = await dryRun('alice');
    const asked = await call('alice', 'erase_asked', { key: 'a' }, { canBeAsked: true });
    decree(OTHERS);
    expect((await confirm('alice', planId)).end).toBe('INVALID_PLAN');
    expect((await answer('alice', asked, true)).end).toBe('CONFIRMATION_REQUIRED');
    expectNothingLost();
  });

  it('is demanded of any tool; one that takes no approval is refused then', async () => {
    await start('tools: { note_thing: { approver: other }, burn_thing: { approver: other } }');
    expect((await call('alice', 'note_thing', { key: 'a' })).end).toBe('POLICY_DENIED');
    const { planId, end } = await call('alice', 'burn_thing', { key: 'a' });
    expect(end).toBe('CONFIRMATION_REQUIRED');
    expectNothingLost();
    await approvals().approve(planId, 'operator');
    expect((await confirm('alice', planId, 'burn_thing')).end).toBe('success');
    decree('{}');
    expect((await call('alice', 'note_thing', { key: 'a' })).end).toBe('success');
    expect(tools().effects).toEqual(['burnt a', 'noted a']);
  });

  it('is shown in one line, without secrets, and with how much is not shown', async () => {
    await start(OTHERS);
    const secret = 'canary-7f3a9c2e';
    server.probe.get(KnownSecrets).add(secret);
    const key = `\u001b[2K\u202e ${secret}\n${'x'.repeat(4_000)}`;
    await dryRun('alice', 'erase_thing', key);
    const [shown] = await approvals().list('operator');
    expect(shown!.summary).toMatch(
      /^erase_thing \{"key":"\\u001b\[2K\\u\{202e\} \[redacted\]\\nx+ … and 20\d\d characters more$/,
    );
    expect(shown!.summary.length).toBeLessThan(2_100);
  });
});

/** @param agrees what the user says to every question that was asked */
function answer(
  who: string,
  asked: Told,
  agrees: boolean,
  params: Json = {},
  tool = 'erase_asked',
  key = 'a',
): Promise<Told> {
  const { requestState, inputRequests } = asked.result as { requestState: string; inputRequests: Json };
  const said = agrees ? { action: 'accept', content: { confirm: true } } : { action: 'decline' };
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((each) => [each, said]));
  return call(who, tool, { key }, { canBeAsked: true, params: { requestState, inputResponses, ...params } });
}
const ask = (tool = 'erase_asked'): Promise<Told> => call('alice', tool, { key: 'a' }, { canBeAsked: true });
const questionsOf = ({ result }: Told): [key: string, message: string][] =>
  Object.entries(result['inputRequests'] as Record<string, { params: { message: string } }>).map(
    ([key, { params }]) => [key, params.message],
  );

describe('a user who can be asked', () => {
  it.each(['erase_asked', 'burn_thing'])('agrees to what %s is about to lose', async (tool) => {
    await start();
    const asked = await ask(tool);
    expect(asked.end).toBe('input_required');
    expect(questionsOf(asked)[0]![1]).toBe(`This cannot be undone: ${tool} {"key":"a"}. Do it?`);
    expectNothingLost();
    const done = await answer('alice', asked, true, {}, tool);
    expect(done.end).toBe('success');
    expect(await notesOf(done)).toEqual(['approval: confirmed']);
    expect(tools().effects).toHaveLength(1);
  });

  it('does not agree', async () => {
    await start();
    expect((await answer('alice', await ask(), false)).end).toBe('POLICY_DENIED');
    expect((await answer('alice', await ask('burn_thing'), false, {}, 'burn_thing')).end).toBe('POLICY_DENIED');
    expectNothingLost();
  });

  it('is asked again when it is about something else by now', async () => {
    await start();
    const first = await ask();
    tools().things.set('a', 'changed');
    const second = await answer('alice', first, true);
    expect(second.end).toBe('input_required');
    expect(questionsOf(second)[0]![0]).not.toBe(questionsOf(first)[0]![0]);
    expectNothingLost();
    expect((await answer('alice', second, true)).structured).toEqual({ text: 'erased changed' });
    expect(tools().effects).toEqual(['erased a']);
  });

  it('has his key left when he answers a keyed call', async () => {
    await start();
    const asked = await call('alice', 'erase_asked', { key: 'a' }, { canBeAsked: true, key: 'k1' });
    const meta = { _meta: { 'mcp-software-engineer/idempotency_key': 'k1' } };
    const done = await answer('alice', asked, true, meta);
    expect([asked.end, done.structured]).toEqual(['input_required', { text: 'erased first' }]);
    expect(tools().effects).toEqual(['erased a']);
  });

  it('has agreed in vain where his time was over while it was looked at again', async () => {
    await start();
    const asked = await ask();
    decree('tools: { erase_asked: { limits: { deadline_ms: 100 } } }');
    const work = new DeafWork();
    const mend = server.probe.inject('erase_asked', work.fault);
    expect((await answer('alice', asked, true)).end).toBe('TIMEOUT');
    mend();
    work.release();
    await server.probe.settled();
    expectNothingLost();
  });

  it(injected('irreversible loss', 'approval', 'no forged, changed, foreign or replayed answer counts'), async () => {
    await start();
    const asked = await ask();
    const { requestState } = asked.result as { requestState: string };
    const changed = (at: number): string =>
      requestState.slice(0, at) + (requestState[at] === 'A' ? 'B' : 'A') + requestState.slice(at + 1);
    const forged: Json[] = [
      { requestState: changed(5) },
      { requestState: changed(requestState.length - 5) },
      { requestState: JSON.stringify({ confirmed: true }) },
      { requestState: 'x'.repeat(1_000_000) },
    ];
    for (const params of forged) expect((await answer('alice', asked, true, params)).end).toBe('-32602');
    expect((await answer('anna', asked, true)).end).toBe('-32602');
    expect((await answer('alice', asked, true, {}, 'erase_thing')).end).toBe('-32602');
    expect((await answer('alice', asked, true, {}, 'erase_asked', 'b')).end).toBe('-32602');
    // Without a state nobody has asked: the answer is not read.
    for (const none of [undefined, ''])
      expect(['input_required', '-32602']).toContain((await answer('alice', asked, true, { requestState: none })).end);
    expectNothingLost();
    expect((await answer('alice', asked, true)).end).toBe('success');
    tools().things.set('a', 'first');
    expect((await answer('alice', asked, true)).end).toBe('-32602');
    expect(tools().effects).toEqual(['erased a']);
  });
});
