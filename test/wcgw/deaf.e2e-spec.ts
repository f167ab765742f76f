import { afterEach, describe, expect, it } from '@jest/globals';
import { DeafWork, type Fault, injected } from '@app/testing';
import { DEADLINE_MS, DEAF, DeafTools, ROOM } from './chaos/deaf.toolset.js';
import { RejectionWatch } from './chaos/world.js';
import { StagedServer } from './staged-server.js';

const NOTHING = { calls: 0, overdue: 0, places: 0, waiting: 0 };

let server: StagedServer;
let work: DeafWork;
afterEach(async () => {
  work.release();
  await server.stop();
});
async function start(): Promise<void> {
  server = await StagedServer.start({}, [DeafTools]);
  work = new DeafWork();
}
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((next) => setTimeout(next, 5));
}
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const ends = async (calls: readonly Promise<{ end: string }>[]): Promise<Set<string>> =>
  new Set((await Promise.all(calls)).map(({ end }) => end));

describe('a method that ignores its signal', () => {
  it(
    injected('hang', 'deadline', 'its caller is answered at the deadline, its place stays taken until the work ends'),
    async () => {
      await start();
      const mend = server.probe.inject('deaf_0', work.fault);
      const startedAt = performance.now();
      const told = await server.call('deaf_0');
      // A timer may fire a millisecond early.
      expect(performance.now() - startedAt).toBeGreaterThan(DEADLINE_MS - 2);
      expect(told).toMatchObject({ end: 'TIMEOUT', error: { retryable: true } });
      expect(work.hanging).toBe(1);
      expect(await server.probe.held()).toMatchObject({ calls: 1, overdue: 1, places: 1, waiting: 0 });
      expect(await server.probe.metric('wcgw_overdue_work')).toBe(1);
      mend();
      expect((await server.call('deaf_0')).end).toBe('success');
      expect(await server.probe.metric('wcgw_overdue_work')).toBe(1);
      work.release();
      await server.probe.settled();
      expect(await server.probe.held()).toMatchObject(NOTHING);
      expect(await server.probe.metric('wcgw_overdue_work')).toBe(0);
    },
  );

  it(injected('cascading failure', 'bulkhead', 'a hundred of them do not stop the tools that are well'), async () => {
    await start();
    for (const tool of DEAF) server.probe.inject(tool, work.fault);
    const deaf = DEAF.flatMap((tool) => times(ROOM.concurrency, () => server.call(tool)));
    await until(() => work.hanging === 100);
    const whileWaitedFor = await ends(times(100, (at) => server.call('well', { key: `a${at}` })));
    expect(await ends(deaf)).toEqual(new Set(['TIMEOUT']));
    expect(await server.probe.held()).toMatchObject({ calls: 100, overdue: 100, places: 100, waiting: 0 });
    const whileOverdue = await ends(times(100, (at) => server.call('well', { key: `b${at}` })));
    expect([...whileWaitedFor, ...whileOverdue]).toEqual(['success', 'success']);
    expect(await ends(DEAF.map((tool) => server.call(tool)))).toEqual(new Set(['OVERLOADED']));
    expect(work.hanging).toBe(100);
    work.release();
    await server.probe.settled();
    expect(await server.probe.held()).toMatchObject(NOTHING);
    expect(await server.outcomes('well', 'success')).toBe(200);
  });

  it(
    injected('overload', 'bulkhead', 'beyond places and queue at once, out of the queue at the deadline'),
    async () => {
      await start();
      server.probe.inject('narrow', work.fault);
      let answered = 0;
      const call = async () => {
        const told = await server.call('narrow');
        answered++;
        return told;
      };
      const working = times(2, call);
      await until(() => work.hanging === 2);
      const waiting = times(3, call);
      await until(async () => (await server.probe.held()).waiting === 3);
      const refused = await Promise.all(times(5, () => server.call('narrow')));
      expect(answered).toBe(0);
      for (const told of refused)
        expect(told).toMatchObject({
          end: 'OVERLOADED',
          error: { retryable: true, retry_after_ms: expect.any(Number) },
        });
      expect(await ends([...working, ...waiting])).toEqual(new Set(['TIMEOUT']));
      // Who left the queue never began, and those who work have their places still.
      expect(work.hanging).toBe(2);
      expect(await server.probe.held()).toMatchObject({ calls: 2, overdue: 2, places: 2, waiting: 0 });
      work.release();
      await server.probe.settled();
      expect(work.hanging).toBe(0);
      expect(await server.probe.held()).toMatchObject(NOTHING);
      expect(await server.decisions('bulkhead', 'narrow', 'waited')).toBe(3);
      expect(await server.decisions('bulkhead', 'narrow', 'refused OVERLOADED')).toBe(5);
    },
  );

  it(
    injected('overload', 'bulkhead', 'tools of one dependency that differ in size do not make room for each other'),
    async () => {
      await start();
      const one = new DeafWork();
      server.probe.inject('one_of_upstream', one.fault);
      server.probe.inject('two_of_upstream', work.fault);
      const calls = times(8, (at) => server.call(at % 2 === 0 ? 'one_of_upstream' : 'two_of_upstream'));
      await Promise.all(calls);
      const atWork = { one: one.hanging, both: one.hanging + work.hanging };
      const { places } = await server.probe.held();
      one.release();
      expect(atWork.one).toBeLessThanOrEqual(1);
      expect(places).toBe(atWork.both);
    },
  );
});

describe('a change that goes on after its caller was answered', () => {
  const late = async (callId: string): Promise<unknown[]> => {
    await server.probe.settled();
    const records = await server.audit(callId);
    return records.filter(({ phase }) => phase === 'late_outcome').map(({ decision }) => decision);
  };
  /** Goes on until it is released, and then ends as it is told. */
  const then =
    (end: () => Promise<unknown>): Fault =>
    (call) =>
      work.fault(call, end);

  it('is recorded as what it came to, also where nothing but undefined was thrown', async () => {
    await start();
    const found: unknown[] = [];
    for (const end of [
      () => Promise.resolve({ text: 'done' }),
      () => Promise.reject(new TypeError('late')),
      () => Promise.reject(undefined as unknown as Error),
    ]) {
      server.probe.inject('change', then(end));
      const told = await server.call('change', { key: String(found.length) });
      work.release();
      found.push([told.end, ...(await late(told.callId))]);
    }
    expect(found).toEqual([
      ['TIMEOUT', 'success'],
      ['TIMEOUT', 'INTERNAL'],
      ['TIMEOUT', 'INTERNAL'],
    ]);
  });

  it('is recorded also where one attempt was given up, and with it the call', async () => {
    await start();
    server.probe.inject('change_by_attempt', work.fault);
    const told = await server.call('change_by_attempt');
    expect(told.end).toBe('TIMEOUT');
    work.release();
    expect(await late(told.callId)).toEqual(['success']);
  });

  it('harms nobody by a result that no record can hold, and leaves its key answered', async () => {
    await start();
    const rejections = new RejectionWatch();
    const mend = server.probe.inject(
      'change_by_attempt',
      then(() => Promise.resolve({ count: 7n })),
    );
    expect((await server.call('change_by_attempt', { key: 'a' }, 'k1')).end).toBe('TIMEOUT');
    work.release();
    await server.probe.settled();
    mend();
    const { end } = await server.call('change_by_attempt', { key: 'a' }, 'k1');
    rejections.end();
    expect(rejections.seen).toEqual([]);
    expect(end).not.toBe('IN_PROGRESS');
  });
});
