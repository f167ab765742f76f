import { afterEach, describe, expect, it } from '@jest/globals';
import { parsePolicy } from '@app/config';
import { ServerError } from '@app/mcp';
import { type AuditRecord, AuditSink, KnownSecrets } from '@app/security';
import { DeafWork, faults, injected } from '@app/testing';
import { StagedServer } from './staged-server.js';

let server: StagedServer;
afterEach(() => server.stop());

const NOTHING = { calls: 0, overdue: 0, places: 0, waiting: 0 };
const unreachable = (): ServerError => new ServerError('CONNECTION_FAILED', 'The upstream does not answer.');
/** Lets the server go on until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((next) => setTimeout(next, 5));
}

describe('stage idempotency', () => {
  it(
    injected(
      'duplicate',
      'idempotency',
      'one key runs once, whoever comes meanwhile is told so, later ones get the answer',
    ),
    async () => {
      server = await StagedServer.start();
      const work = new DeafWork();
      const mend = server.probe.inject('change_thing', work.fault);
      const first = server.call('change_thing', { key: 'a' }, 'k1');
      await until(() => work.hanging === 1);
      const meanwhile = await Promise.all(
        Array.from({ length: 20 }, () => server.call('change_thing', { key: 'a' }, 'k1')),
      );
      expect(new Set(meanwhile.map(({ end }) => end))).toEqual(new Set(['IN_PROGRESS']));
      expect(meanwhile[0]!.error).toMatchObject({ retryable: true, retry_after_ms: 1_000 });
      mend();
      work.release();
      const answer = await first;
      const again = await server.call('change_thing', { key: 'a' }, 'k1');
      expect([answer.structured, again.structured]).toEqual([{ text: 'a' }, { text: 'a' }]);
      expect(server.tools.effects).toEqual(['a']);
      expect((await server.audit(again.callId)).at(-1)).toMatchObject({ notes: ['idempotency: replayed'] });
      expect(await server.decisions('idempotency', 'change_thing', 'replayed')).toBe(1);
      expect(await server.probe.held()).toMatchObject(NOTHING);
    },
  );

  it(injected('duplicate', 'idempotency', 'a key with other arguments, or no key at all, is refused'), async () => {
    server = await StagedServer.start();
    await server.call('change_thing', { key: 'a' }, 'k1');
    expect((await server.call('change_thing', { key: 'b' }, 'k1')).end).toBe('IDEMPOTENCY_MISMATCH');
    for (const key of ['', 7, 'x'.repeat(256), null])
      expect((await server.call('change_thing', { key: 'c' }, key)).end).toBe('INVALID_ARGUMENT');
    expect((await server.call('change_thing', { key: 'd' }, 'x'.repeat(255))).end).toBe('success');
    expect(server.tools.effects).toEqual(['a', 'd']);
  });

  it('answers a failure again as it was, and keeps nothing of a call that was refused before it began', async () => {
    server = await StagedServer.start();
    const mend = server.probe.inject(
      'change_thing',
      faults.failForever(() => new ServerError('CONFLICT', 'Changed.')),
    );
    expect((await server.call('change_thing', { key: 'a' }, 'k1')).end).toBe('CONFLICT');
    expect((await server.call('change_thing', { kee: 'b' }, 'k2')).end).toBe('INVALID_ARGUMENT');
    mend();
    expect((await server.call('change_thing', { key: 'a' }, 'k1')).end).toBe('CONFLICT');
    expect((await server.call('change_thing', { key: 'b' }, 'k2')).end).toBe('success');
    expect(server.tools.effects).toEqual(['b']);
  });

  it('keeps the record open while work outlives its deadline, and answers with what it came to', async () => {
    const policy = parsePolicy('tools: { change_thing: { limits: { deadline_ms: 100 } } }');
    server = await StagedServer.start({ policy });
    const work = new DeafWork();
    const mend = server.probe.inject('change_thing', work.fault);
    expect((await server.call('change_thing', { key: 'a' }, 'k1')).end).toBe('TIMEOUT');
    mend();
    expect((await server.call('change_thing', { key: 'a' }, 'k1')).end).toBe('IN_PROGRESS');
    expect(await server.probe.held()).toMatchObject({ calls: 1, overdue: 1, places: 1 });
    work.release();
    await server.probe.settled();
    expect((await server.call('change_thing', { key: 'a' }, 'k1')).structured).toEqual({ text: 'a' });
    expect(server.tools.effects).toEqual(['a']);
  });
});

describe('stage approval', () => {
  it(injected('irreversible loss', 'approval', 'nothing is lost before it was confirmed as it was shown'), async () => {
    server = await StagedServer.start();
    const first = await server.call('destroy_thing', { key: 'a' });
    expect(first.end).toBe('CONFIRMATION_REQUIRED');
    const plan = /plan_[A-Za-z0-9_-]+/.exec(first.text)![0];
    expect((await server.call('destroy_thing', { key: 'b', confirm: plan })).end).toBe('INVALID_PLAN');
    expect((await server.call('destroy_thing', { key: 'a', confirm: 'plan_forged' })).end).toBe('INVALID_PLAN');
    expect(server.tools.effects).toEqual([]);
    expect((await server.call('destroy_thing', { key: 'a', confirm: plan })).end).toBe('success');
    expect((await server.call('destroy_thing', { key: 'a', confirm: plan })).end).toBe('INVALID_PLAN');
    expect(server.tools.effects).toEqual(['a']);
    expect(await server.decisions('approval', 'destroy_thing', 'refused CONFIRMATION_REQUIRED')).toBe(1);
    expect((await server.call('destroy_thing', { key: 'a', dry_run: true })).end).toBe('success');
  });
});

describe('stage cache', () => {
  it('answers again from memory until a change makes it wrong', async () => {
    server = await StagedServer.start();
    await server.call('read_kept');
    const again = await server.call('read_kept');
    expect([again.structured, server.tools.runs.get('read_kept')]).toEqual([{ text: 'a' }, 1]);
    expect((await server.audit(again.callId))[0]).toMatchObject({ notes: ['cache: hit'] });
    await server.call('change_thing', { key: 'a' });
    await server.call('read_kept');
    expect(server.tools.runs.get('read_kept')).toBe(2);
    expect(await server.probe.metric('wcgw_cache_total', { result: 'hits' })).toBe(1);
  });

  it('lets one call work for all who ask the same meanwhile', async () => {
    server = await StagedServer.start();
    const work = new DeafWork();
    server.probe.inject('read_kept', work.fault);
    const asking = Array.from({ length: 30 }, () => server.call('read_kept'));
    await until(async () => (await server.probe.held()).calls === 30);
    work.release();
    expect((await Promise.all(asking)).every(({ end }) => end === 'success')).toBe(true);
    expect(server.tools.runs.get('read_kept')).toBe(1);
  });

  it(injected('dependency down', 'cache', 'an old answer, marked as such'), async () => {
    server = await StagedServer.start();
    await server.call('read_old');
    await new Promise((next) => setTimeout(next, 5));
    server.probe.inject('read_old', faults.failForever(unreachable));
    const told = await server.call('read_old');
    expect(told).toMatchObject({
      end: 'success',
      structured: { text: 'a' },
      degraded: { reason: 'CONNECTION_FAILED', age_ms: expect.any(Number) },
    });
    expect((await server.call('read_old', { key: 'never read' })).end).toBe('CONNECTION_FAILED');
    expect(await server.decisions('cache', 'read_old', 'stale')).toBe(1);
  });

  it(injected('dependency down', 'cache', 'a lesser answer where the tool has one'), async () => {
    server = await StagedServer.start();
    server.probe.inject('read_lesser', faults.failForever(unreachable));
    expect(await server.call('read_lesser')).toMatchObject({
      structured: { text: 'lesser' },
      degraded: { reason: 'CONNECTION_FAILED' },
    });
    server.probe.inject(
      'read_lesser',
      faults.failForever(() => new ServerError('NOT_FOUND', 'None.')),
    );
    expect((await server.call('read_lesser')).end).toBe('NOT_FOUND');
  });
});

describe('stage retry', () => {
  it(
    injected(
      'transient error',
      'retry',
      'what passes by itself is tried again, and every attempt passes the inner stages',
    ),
    async () => {
      server = await StagedServer.start();
      server.probe.inject('read_again', faults.failTimes(2, unreachable));
      const told = await server.call('read_again');
      expect(told.end).toBe('success');
      expect((await server.audit(told.callId))[0]).toMatchObject({
        notes: ['retry: tried again', 'retry: tried again'],
      });
      const stages = server.probe
        .trace(told.callId)!
        .stages()
        .map(({ stage }) => stage);
      expect(stages.filter((stage) => stage === 'bulkhead')).toHaveLength(3);
      expect(await server.decisions('retry', 'read_again', 'tried again')).toBe(2);
      expect(await server.probe.held()).toMatchObject(NOTHING);
    },
  );

  it('does not try again what a caller did wrong, nor a defect', async () => {
    server = await StagedServer.start();
    for (const thrown of [new ServerError('NOT_FOUND', 'None.'), new TypeError('undefined is not a function')]) {
      let times = 0;
      server.probe.inject('read_again', async () => {
        times++;
        throw thrown;
      });
      await server.call('read_again', { key: thrown.name });
      expect(times).toBe(1);
    }
  });

  it(injected('retry storm', 'retry', 'in an outage all calls together try again one time in ten'), async () => {
    server = await StagedServer.start();
    let attempts = 0;
    server.probe.inject('read_again', async () => {
      attempts++;
      throw unreachable();
    });
    for (let call = 0; call < 100; call++) await server.call('read_again', { key: String(call) });
    expect(attempts).toBeGreaterThan(100);
    expect(attempts).toBeLessThanOrEqual(113);
  });
});

describe('stage breaker', () => {
  it(injected('dependency down', 'breaker', 'calls are refused at once while it is open'), async () => {
    server = await StagedServer.start();
    let reached = 0;
    server.probe.inject('read_upstream', async () => {
      reached++;
      throw unreachable();
    });
    for (let call = 0; call < 4; call++) expect((await server.call('read_upstream')).end).toBe('CONNECTION_FAILED');
    const told = await server.call('read_upstream');
    expect(told).toMatchObject({ end: 'CIRCUIT_OPEN', error: { retryable: true } });
    expect(told.error!['retry_after_ms']).toBeGreaterThan(50_000);
    expect(reached).toBe(4);
    expect(await server.probe.metric('wcgw_breaker_state', { dependency: 'upstream' })).toBe(3);
    expect((await server.audit(told.callId))[0]).toMatchObject({ notes: ['breaker: refused CIRCUIT_OPEN'] });
    expect(await server.probe.held()).toMatchObject(NOTHING);
  });

  it(
    injected('dependency down', 'breaker', 'timeouts count as failures at once, whatever the work comes to'),
    async () => {
      server = await StagedServer.start();
      const work = new DeafWork();
      const mend = server.probe.inject('read_upstream', work.fault);
      for (let call = 0; call < 4; call++) expect((await server.call('read_upstream')).end).toBe('TIMEOUT');
      mend();
      expect((await server.call('read_upstream')).end).toBe('CIRCUIT_OPEN');
      work.release();
      await server.probe.settled();
      expect((await server.call('read_upstream')).end).toBe('CIRCUIT_OPEN');
      expect(await server.probe.held()).toMatchObject(NOTHING);
    },
  );

  it('does not open for mistakes of callers, nor for defects', async () => {
    server = await StagedServer.start({ limits: { sameFailures: 1_000 } });
    const wrong = [
      new ServerError('NOT_FOUND', 'None.'),
      new ServerError('INVALID_ARGUMENT', 'No.'),
      new TypeError('x'),
    ];
    for (const thrown of wrong) {
      server.probe.inject(
        'read_upstream',
        faults.failForever(() => thrown),
      );
      for (let call = 0; call < 10; call++) await server.call('read_upstream');
    }
    expect(await server.probe.metric('wcgw_breaker_state', { dependency: 'upstream' })).toBe(0);
  });
});

describe('stage bulkhead', () => {
  it(
    injected('overload', 'bulkhead', 'one works, one waits, the third is refused, and other tools do not notice'),
    async () => {
      server = await StagedServer.start();
      const work = new DeafWork();
      server.probe.inject('read_narrow', work.fault);
      const working = server.call('read_narrow');
      await until(() => work.hanging === 1);
      const waiting = server.call('read_narrow');
      await until(async () => (await server.probe.held()).waiting === 1);
      const refused = await server.call('read_narrow');
      expect(refused).toMatchObject({ end: 'OVERLOADED', error: { retryable: true } });
      expect((await server.call('read_plain')).end).toBe('success');
      work.release();
      await until(() => work.hanging === 1);
      work.release();
      expect([(await working).end, (await waiting).end]).toEqual(['success', 'success']);
      expect(await server.probe.held()).toMatchObject(NOTHING);
    },
  );
});

describe('stage attempt timeout', () => {
  it(
    injected(
      'hang',
      'attempt timeout',
      'an attempt that hangs is given up and another one made; its place stays taken until it ends',
    ),
    async () => {
      server = await StagedServer.start();
      const work = new DeafWork();
      let attempts = 0;
      server.probe.inject('read_again', (call, method) => (++attempts === 1 ? work.fault(call, method) : method()));
      const told = await server.call('read_again');
      expect([told.end, attempts]).toEqual(['success', 2]);
      expect((await server.audit(told.callId))[0]).toMatchObject({
        notes: ['attempt timeout: timed out', 'retry: tried again'],
      });
      expect(await server.probe.held()).toMatchObject({ calls: 1, overdue: 1, places: 1 });
      work.release();
      await server.probe.settled();
      expect(await server.probe.held()).toMatchObject(NOTHING);
    },
  );
});

describe('stage intent', () => {
  it(injected('effect without a record', 'intent', 'no effect when the intent cannot be recorded'), async () => {
    server = await StagedServer.start();
    const sink = server.probe.get(AuditSink as never) as AuditSink;
    const record = sink.record.bind(sink);
    sink.record = (entry: AuditRecord) => {
      if (entry.phase === 'intent') throw new Error('disk full');
      return record(entry);
    };
    expect((await server.call('change_thing')).end).toBe('POLICY_UNAVAILABLE');
    expect(server.tools.effects).toEqual([]);
    sink.record = record;
    const told = await server.call('change_thing');
    expect((await server.audit(told.callId)).map(({ phase }) => phase)).toEqual(['intent', 'outcome']);
  });
});

describe('stage redact', () => {
  it(injected('secret leak', 'redact', 'no secret of the server leaves it in a result, in any form'), async () => {
    server = await StagedServer.start();
    const canary = 'canary-7f3a9c2e';
    server.probe.get(KnownSecrets).add(canary);
    for (const form of [canary, Buffer.from(canary).toString('base64'), Buffer.from(canary).toString('hex')]) {
      server.probe.inject('read_kept', faults.leakSecret(form));
      const told = await server.call('read_kept', { key: form.slice(0, 40) });
      expect([told.text.includes(form), told.structured]).toEqual([false, { text: 'before [redacted] after' }]);
    }
    expect(JSON.stringify(server.log())).not.toContain(canary);
    expect(await server.decisions('redact', 'read_kept', 'redacted')).toBe(3);
  });
});

describe('stage validate output', () => {
  it(injected('bad result', 'validate output', 'what does not fit the schema is never sent'), async () => {
    server = await StagedServer.start();
    for (const garbage of [{ text: 7 }, { other: 'x' }, 'text', undefined, [1]]) {
      server.probe.inject('read_plain', faults.answerGarbage(garbage));
      const told = await server.call('read_plain', { key: JSON.stringify(garbage) ?? 'nothing' });
      expect([told.end, told.structured]).toEqual(['INTERNAL', undefined]);
    }
  });

  it(injected('oversize', 'validate output', 'what is too large is refused whole, never cut'), async () => {
    server = await StagedServer.start();
    server.probe.inject('read_small', faults.overflow(900));
    expect((await server.call('read_small', { key: 'fits' })).end).toBe('success');
    server.probe.inject('read_small', faults.overflow(1_001));
    const told = await server.call('read_small');
    expect(told).toMatchObject({ end: 'LIMIT', structured: undefined });
    expect(told.text.length).toBeLessThan(200);
  });
});
