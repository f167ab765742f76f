import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { ServerError } from '@app/mcp';
import { SingleFlight } from './single-flight.js';

const listeners = (controller: AbortController): number => getEventListeners(controller.signal, 'abort').length;
const settled = (): Promise<void> => new Promise((done) => void setImmediate(done));

/** Work that runs until it is told to end, and counts its runs. */
function stand() {
  const flights = new SingleFlight<string>(1_000);
  const work = { runs: 0, end: Promise.withResolvers<string>(), signal: undefined as AbortSignal | undefined };
  const call = (abort = new AbortController(), key = 'a'): Promise<string> =>
    flights.execute(
      key,
      (allLeft) => {
        work.runs++;
        work.signal = allLeft();
        return work.end.promise;
      },
      () => abort.signal,
    );
  return { flights, work, call };
}

describe('SingleFlight', () => {
  it('runs once for all who ask meanwhile, and again for who asks later', async () => {
    const { flights, work, call } = stand();
    const answers = Promise.all([call(), call(), call(), call(undefined, 'b')]);
    expect([work.runs, flights.flights]).toEqual([2, 2]);
    work.end.resolve('done');
    expect(await answers).toEqual(['done', 'done', 'done', 'done']);
    expect(flights.flights).toBe(0);
    await call();
    expect(work.runs).toBe(3);
  });

  it('shares a failure, and lets one who asks again at once begin anew', async () => {
    const { flights, work, call } = stand();
    const failure = new Error('upstream');
    const first = call();
    const again = call().catch(() => call());
    const end = work.end;
    work.end = Promise.withResolvers();
    end.reject(failure);
    await expect(first).rejects.toBe(failure);
    await settled();
    expect(work.runs).toBe(2);
    work.end.resolve('second');
    expect(await again).toBe('second');
    expect(flights.flights).toBe(0);
  });

  it('shares the failure of work that throws at once', async () => {
    const flights = new SingleFlight<string>();
    const call = flights.execute(
      'a',
      () => {
        throw new Error('at once');
      },
      () => new AbortController().signal,
    );
    await expect(call).rejects.toThrow('at once');
    expect(flights.flights).toBe(0);
  });

  it('lets a follower leave alone, with his reason', async () => {
    const { work, call } = stand();
    const [stays, leaves] = [new AbortController(), new AbortController()];
    const first = call();
    const second = call(stays);
    const third = call(leaves);
    leaves.abort(new Error('gone'));
    await expect(third).rejects.toThrow('gone');
    expect(work.signal?.aborted).toBe(false);
    work.end.resolve('done');
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
    expect([listeners(stays), listeners(leaves)]).toEqual([0, 0]);
  });

  it('goes on for the followers when the first leaves, whose promise ends with the work', async () => {
    const { work, call } = stand();
    const abort = new AbortController();
    let isOver = false;
    const first = call(abort).finally(() => (isOver = true));
    const second = call();
    abort.abort(new Error('gone'));
    await settled();
    expect([work.signal?.aborted, isOver]).toEqual([false, false]);
    work.end.resolve('done');
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
  });

  it('aborts the work when the last has left, and begins anew for who comes then', async () => {
    const { flights, work, call } = stand();
    const aborts = [new AbortController(), new AbortController()];
    const first = call(aborts[0]);
    const second = call(aborts[1]);
    const firstEnd = work.end;
    const firstSignal = work.signal!;
    aborts[0]!.abort(new Error('first gone'));
    expect(firstSignal.aborted).toBe(false);
    aborts[1]!.abort(new Error('second gone'));
    expect(firstSignal.reason).toMatchObject({ message: 'second gone' });
    await expect(second).rejects.toThrow('second gone');
    expect(flights.flights).toBe(0);
    work.end = Promise.withResolvers();
    const third = call();
    expect([work.runs, flights.flights]).toEqual([2, 1]);
    // The old flight lands while the new one is up: it must not be taken for it.
    firstEnd.resolve('late');
    expect(await first).toBe('late');
    expect(flights.flights).toBe(1);
    work.end.resolve('new');
    expect(await third).toBe('new');
    expect(aborts.map(listeners)).toEqual([0, 0]);
  });

  it('tells the work of a caller who has left already, and lets no follower in who has', async () => {
    const { work, call } = stand();
    const gone = new AbortController();
    gone.abort(new Error('gone'));
    const first = call(gone);
    expect(work.signal?.aborted).toBe(true);
    work.end.resolve('done');
    await first;
    const leading = call();
    await expect(call(gone)).rejects.toThrow('gone');
    await leading;
  });

  it('refuses one follower too many, until another leaves', async () => {
    const { work, call } = stand();
    const first = call();
    const leaves = new AbortController();
    const followers = [call(leaves), ...Array.from({ length: 999 }, () => call())];
    await expect(call()).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryAfterMs: 1_000,
    } satisfies Partial<ServerError>);
    leaves.abort(new Error('gone'));
    await expect(followers.shift()).rejects.toThrow('gone');
    followers.push(call());
    work.end.resolve('done');
    await Promise.all([first, ...followers]);
    expect(work.runs).toBe(1);
  });

  it('leaves no listener on a signal that lives longer', async () => {
    const flights = new SingleFlight<number>();
    const abort = new AbortController();
    const calls = Array.from({ length: 1_000 }, (_, index) =>
      flights
        .execute(
          `key ${index % 10}`,
          async () => {
            await settled();
            if (index % 2 === 0) throw new Error('upstream');
            return index;
          },
          () => abort.signal,
        )
        .catch(() => -1),
    );
    expect(flights.flights).toBe(10);
    await Promise.all(calls);
    await settled();
    expect([flights.flights, listeners(abort)]).toEqual([0, 0]);
  });
});
