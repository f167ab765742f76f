import { afterEach, describe, expect, it } from '@jest/globals';
import { Limits, parsePolicy, PolicySource } from '@app/config';
import { ServerError } from '@app/mcp';
import { AuditSink, Authorizer } from '@app/security';
import { breakMethod, faults, injected } from '@app/testing';
import { modernRequest, post } from '../support/mcp-messages.js';
import { StagedServer } from './staged-server.js';

let server: StagedServer;
afterEach(() => server.stop());

const NOTHING = { calls: 0, overdue: 0, places: 0, waiting: 0 };

describe('stage audit', () => {
  it(injected('lost record', 'audit', 'calls that are unknown, refused or invalid are recorded too'), async () => {
    server = await StagedServer.start();
    await expect(server.call('no_such_tool')).rejects.toThrow(/-32602/);
    const invalid = await server.call('read_plain', { kee: 'a' });
    const good = await server.call('read_plain');
    expect(await server.audit(invalid.callId)).toMatchObject([
      { decision: 'INVALID_ARGUMENT', notes: ['validate input: refused INVALID_ARGUMENT'] },
    ]);
    expect(await server.audit(good.callId)).toMatchObject([{ decision: 'success', subject: 'local' }]);
    expect(server.log().filter((line) => line['decision'] === 'unknown_operation')).toHaveLength(1);
    expect(await server.outcomes('unknown', 'unknown_operation')).toBe(1);
  });

  it(injected('lost record', 'audit', 'what cannot be recorded is not answered as done'), async () => {
    server = await StagedServer.start();
    const mend = breakMethod(server.probe.get(AuditSink as never) as AuditSink, 'record', () => {
      throw new Error('disk full');
    });
    expect((await server.call('read_plain')).end).toBe('POLICY_UNAVAILABLE');
    mend();
    expect((await server.call('read_plain')).end).toBe('success');
  });
});

describe('stage deadline', () => {
  it(injected('hang', 'deadline', 'the caller is answered, the method is told to stop'), async () => {
    server = await StagedServer.start();
    server.probe.inject('read_plain', faults.hang());
    const told = await server.call('read_plain');
    expect(told).toMatchObject({ end: 'TIMEOUT', error: { code: 'TIMEOUT', retryable: true } });
    await server.probe.settled();
    expect(await server.audit(told.callId)).toMatchObject([{ decision: 'TIMEOUT' }]);
    expect(await server.outcomes('read_plain', 'TIMEOUT')).toBe(1);
    expect(await server.probe.held()).toMatchObject(NOTHING);
  });

  it(injected('caller gone', 'deadline', 'a caller who disconnects ends his call'), async () => {
    server = await StagedServer.start();
    let reason: unknown;
    server.probe.inject('read_narrow', (call) => {
      call.signal.addEventListener('abort', () => (reason = call.signal.reason));
      return faults.hang()(call, async () => undefined);
    });
    const leave = new AbortController();
    const gone = server.call('read_narrow', undefined, undefined, leave.signal).catch((error: Error) => error.name);
    while ((await server.probe.held()).places === 0) await new Promise((next) => setTimeout(next, 5));
    leave.abort();
    expect(await gone).toBe('AbortError');
    await server.probe.settled();
    expect(reason).toMatchObject({ code: 'CANCELLED' });
    expect(await server.outcomes('read_narrow', 'CANCELLED')).toBe(1);
    expect(await server.probe.held()).toMatchObject(NOTHING);
  });
});

describe('stage admission', () => {
  it(injected('overload', 'admission', 'calls beyond every place are refused at once'), async () => {
    server = await StagedServer.start({ limits: { concurrentCalls: 2 } });
    server.probe.inject('read_plain', faults.hang());
    const hanging = [server.call('read_plain'), server.call('read_plain')];
    while ((await server.probe.held()).calls < 2) await new Promise((next) => setImmediate(next));
    const told = await server.call('read_small');
    expect(told).toMatchObject({ end: 'OVERLOADED', error: { retryable: true, retry_after_ms: 1_000 } });
    expect(await server.audit(told.callId)).toMatchObject([{ notes: ['admission: refused OVERLOADED'] }]);
    await Promise.all(hanging);
    await server.probe.settled();
    expect((await server.call('read_small')).end).toBe('success');
    expect(await server.probe.held()).toMatchObject(NOTHING);
  });
});

describe('stage throttle', () => {
  it(
    injected('overload', 'throttle', 'the call after the last of a window is refused, and refused ones do not count'),
    async () => {
      server = await StagedServer.start();
      const ends = [];
      for (let call = 0; call < 5; call++) ends.push(await server.call('read_counted'));
      expect(ends.map(({ end }) => end)).toEqual(['success', 'success', 'success', 'RATE_LIMITED', 'RATE_LIMITED']);
      const { error, callId } = ends[3]!;
      expect(error!['retry_after_ms']).toBeGreaterThan(50_000);
      expect(await server.audit(callId)).toMatchObject([{ notes: ['throttle: refused RATE_LIMITED'] }]);
      expect(await server.decisions('throttle', 'read_counted', 'refused RATE_LIMITED')).toBe(2);
      expect((await server.call('read_plain')).end).toBe('success');
    },
  );

  it('counts calls that later stages refuse, so that a flood of denied calls is one too', async () => {
    server = await StagedServer.start();
    for (let call = 0; call < 3; call++)
      expect((await server.call('read_counted', { kee: String(call) })).end).toBe('INVALID_ARGUMENT');
    expect((await server.call('read_counted')).end).toBe('RATE_LIMITED');
  });

  it('in shadow mode decides and records, and lets the call pass', async () => {
    server = await StagedServer.start({ policy: parsePolicy('policies: { throttle: shadow }') });
    for (let call = 0; call < 3; call++) await server.call('read_counted');
    const told = await server.call('read_counted');
    expect(told.end).toBe('success');
    expect(await server.audit(told.callId)).toMatchObject([
      { decision: 'success', notes: ['throttle: would refuse RATE_LIMITED'] },
    ]);
    expect(await server.decisions('throttle', 'read_counted', 'would refuse RATE_LIMITED')).toBe(1);
  });
});

describe('stage kill switch', () => {
  it(injected('must be stopped at once', 'kill switch'), async () => {
    const policy = parsePolicy('tools: { change_thing: { enabled: false, reason: Frozen for the release. } }');
    server = await StagedServer.start({ policy });
    const told = await server.call('change_thing');
    expect(told).toMatchObject({ end: 'POLICY_DENIED', text: expect.stringContaining('Frozen for the release.') });
    expect(server.tools.effects).toEqual([]);
    expect(await server.audit(told.callId)).toMatchObject([{ notes: ['kill switch: refused POLICY_DENIED'] }]);
    expect((await server.call('read_plain')).end).toBe('success');
    expect(server.probe.get(PolicySource).current().tools.size).toBe(1);
  });

  it('refuses to boot with a policy for a tool that does not exist', async () => {
    const policy = parsePolicy('tools: { chnage_thing: { enabled: false } }');
    await expect(StagedServer.start({ policy })).rejects.toThrow(/no tool chnage_thing, did you mean change_thing/);
    server = await StagedServer.start();
  });
});

describe('stage authorize', () => {
  it(injected('no permission', 'authorize', 'a missing scope is named'), async () => {
    server = await StagedServer.start();
    const authorizer = server.probe.get(Authorizer as never) as Authorizer;
    breakMethod(authorizer, 'decide', async () => ({ allowed: false, missingScope: 'staged:write' }));
    const told = await server.call('change_thing');
    expect(told).toMatchObject({ end: 'FORBIDDEN', text: expect.stringContaining('staged:write') });
    expect(server.tools.effects).toEqual([]);
    expect(await server.decisions('authorize', 'change_thing', 'refused FORBIDDEN')).toBe(1);
  });

  it(injected('no permission', 'authorize', 'one that cannot decide denies'), async () => {
    server = await StagedServer.start();
    const authorizer = server.probe.get(Authorizer as never) as Authorizer;
    breakMethod(authorizer, 'decide', () => {
      throw new Error('the directory is down');
    });
    expect((await server.call('change_thing')).end).toBe('POLICY_UNAVAILABLE');
    breakMethod(authorizer, 'decide', () => Promise.reject(new Error('the directory is down')));
    expect((await server.call('change_thing')).end).toBe('POLICY_UNAVAILABLE');
    expect(server.tools.effects).toEqual([]);
  });
});

describe('stage stuck loop', () => {
  it(
    injected('agent loop', 'stuck loop', 'the same failure again and again ends in an answer that says so'),
    async () => {
      server = await StagedServer.start({ limits: { sameFailures: 3 } });
      server.probe.inject(
        'read_plain',
        faults.failForever(() => new ServerError('NOT_FOUND', 'There is no such thing.')),
      );
      const ends = [];
      for (let call = 0; call < 5; call++) ends.push((await server.call('read_plain')).end);
      expect(ends).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'STUCK_LOOP', 'STUCK_LOOP']);
      expect((await server.call('read_plain', { key: 'other' })).end).toBe('NOT_FOUND');
      expect(await server.decisions('stuck loop', 'read_plain', 'refused STUCK_LOOP')).toBe(2);
    },
  );

  it('lets one more call through after a pause, and forgets the failures when it succeeds', async () => {
    server = await StagedServer.start({ limits: { sameFailures: 2, sameFailurePauseMs: 0 } });
    const mend = server.probe.inject(
      'read_plain',
      faults.failForever(() => new ServerError('NOT_FOUND', 'None.')),
    );
    for (let call = 0; call < 4; call++) expect((await server.call('read_plain')).end).toBe('NOT_FOUND');
    mend();
    expect((await server.call('read_plain')).end).toBe('success');
    expect(server.probe.get(Limits).sameFailures).toBe(2);
  });

  it('does not count failures that pass by themselves', async () => {
    server = await StagedServer.start({ limits: { sameFailures: 2 } });
    server.probe.inject(
      'read_plain',
      faults.failForever(() => new ServerError('CONNECTION_FAILED', 'Gone.')),
    );
    for (let call = 0; call < 4; call++) expect((await server.call('read_plain')).end).toBe('CONNECTION_FAILED');
  });
});

describe('stage validate input', () => {
  it(
    injected('bad arguments', 'validate input', 'nothing runs, and the caller is told what was expected'),
    async () => {
      server = await StagedServer.start();
      for (const args of [{}, { key: 7 }, { key: 'a', more: 1 }, { key: 'x'.repeat(65) }]) {
        const told = await server.call('change_thing', args);
        expect(told.end).toBe('INVALID_ARGUMENT');
      }
      expect(server.tools.effects).toEqual([]);
      expect(await server.decisions('validate input', 'change_thing', 'refused INVALID_ARGUMENT')).toBe(4);
    },
  );
});

describe('lists, reads and gets', () => {
  it('pass the same gates: audit, metrics and throttle', async () => {
    server = await StagedServer.start({ throttle: { maxRequests: 2 } });
    const list = async (): Promise<unknown> => {
      const { headers, body } = modernRequest('tools/list');
      const { message } = await post(server.url, body, headers);
      return message.error?.data?.['code'] ?? 'listed';
    };
    expect([await list(), await list(), await list()]).toEqual(['listed', 'listed', 'RATE_LIMITED']);
    expect(await server.outcomes('tools/list', 'RATE_LIMITED')).toBe(1);
    const { headers, body } = modernRequest('resources/read', { uri: 'wcgw://register' });
    const read = async (): Promise<boolean> => (await post(server.url, body, headers)).message.result !== undefined;
    expect([await read(), await read(), await read()]).toEqual([true, true, false]);
    expect(await server.outcomes('wcgw://register', 'RATE_LIMITED')).toBe(1);
  });
});
