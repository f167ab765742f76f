import { ServerError } from '@app/mcp';

const RETRY_AFTER_MS = 1_000;

interface Flight<T> {
  readonly result: Promise<T>;
  /** Callers who still want the result, the first included. */
  waiting: number;
  followers: number;
  /** Made when the work asks for it: most work never waits. */
  whenAllLeft?: AbortController;
}

/**
 * One run of the work for all who ask for the same meanwhile. They share its result, and its error.
 *
 * The work belongs to the first who asked: his promise ends when the work does, also after he was aborted, so that what
 * he holds for it is not given back too early. But it is done for all: it should listen to the signal it is given, which
 * aborts when all have left, and not only to the signal of the first. No more flights than callers are ever under way.
 */
export class SingleFlight<T> {
  private readonly underWay = new Map<string, Flight<T>>();

  /** @param maxFollowers who wait for one run, at most, the first not counted */
  constructor(private readonly maxFollowers = 1_000) {}

  get flights(): number {
    return this.underWay.size;
  }

  /**
   * @param work can ask for a signal that aborts when nobody waits any more; who asks for the key from then on begins anew
   * @param signalOf of the caller: one who waits for somebody else's run leaves alone, with its reason
   * @throws ServerError OVERLOADED when too many wait already
   */
  execute(key: string, work: (allLeft: () => AbortSignal) => Promise<T>, signalOf: () => AbortSignal): Promise<T> {
    const flight = this.underWay.get(key);
    if (flight !== undefined && flight.followers >= this.maxFollowers)
      return Promise.reject(
        new ServerError('OVERLOADED', 'Too many callers wait for the same answer.', { retryAfterMs: RETRY_AFTER_MS }),
      );
    if (flight === undefined) return this.lead(key, work, signalOf);
    const signal = signalOf();
    return signal.aborted ? Promise.reject(signal.reason as Error) : this.follow(key, flight, signal);
  }

  private lead(key: string, work: (allLeft: () => AbortSignal) => Promise<T>, signalOf: () => AbortSignal): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const flight: Flight<T> = { result: promise, waiting: 1, followers: 0 };
    let stopListening: (() => void) | undefined;
    const allLeft = (): AbortSignal => {
      if (flight.whenAllLeft !== undefined) return flight.whenAllLeft.signal;
      flight.whenAllLeft = new AbortController();
      const signal = signalOf();
      const leave = (): void => this.leave(key, flight, signal.reason);
      stopListening = () => signal.removeEventListener('abort', leave);
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      return flight.whenAllLeft.signal;
    };
    const land = (): void => {
      stopListening?.();
      this.forget(key, flight);
    };
    this.underWay.set(key, flight);
    // Before any follower can listen: who asks again at once after a failure finds no flight.
    promise.then(land, land);
    resolve((async () => work(allLeft))());
    return promise;
  }

  private follow(key: string, flight: Flight<T>, signal: AbortSignal): Promise<T> {
    flight.waiting++;
    flight.followers++;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        flight.followers--;
        reject(signal.reason as Error);
        this.leave(key, flight, signal.reason);
      };
      const stopListening = (): void => signal.removeEventListener('abort', leave);
      signal.addEventListener('abort', leave, { once: true });
      flight.result.then(stopListening, stopListening);
      flight.result.then(resolve, reject);
    });
  }

  private leave(key: string, flight: Flight<T>, reason: unknown): void {
    if (--flight.waiting > 0) return;
    this.forget(key, flight);
    flight.whenAllLeft?.abort(reason);
  }

  /** The key may belong to another flight already. */
  private forget(key: string, flight: Flight<T>): void {
    if (this.underWay.get(key) === flight) this.underWay.delete(key);
  }
}
