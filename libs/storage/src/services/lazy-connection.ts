/**
 * One connection, made when somebody needs it and shared by all who do. After a failed attempt the next one waits a
 * little: until then everybody gets the failure at once, so that a service that is down costs nobody its timeout twice.
 */
export class LazyConnection<T> {
  private current?: Promise<T>;
  private failure: unknown;
  private retryAtMs = -Infinity;
  private isClosed = false;

  /**
   * @param dial has its own time limit
   * @param hangUp must not throw
   * @param now monotonic, in milliseconds
   */
  constructor(
    private readonly dial: () => Promise<T>,
    private readonly hangUp: (connection: T) => Promise<void> | void,
    private readonly retryGapMs: number,
    private readonly now: () => number,
  ) {}

  get(): Promise<T> {
    if (this.isClosed) return Promise.reject(new Error('the connection is closed'));
    if (this.current !== undefined) return this.current;
    if (this.now() < this.retryAtMs) return Promise.reject(this.failure);
    const dialed = this.dial();
    this.current = dialed;
    dialed.catch((error: unknown) => {
      this.forget(dialed);
      this.failure = error;
      this.retryAtMs = this.now() + this.retryGapMs;
    });
    return dialed;
  }

  /** The connection broke: the next who asks gets a new one. */
  async lose(connection: T): Promise<void> {
    const { current } = this;
    const held = await current?.catch(() => undefined);
    if (current !== undefined && held === connection) this.forget(current);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const { current } = this;
    this.current = undefined;
    try {
      if (current !== undefined) await this.hangUp(await current);
    } catch {
      // It never came to be, so there is nothing to hang up.
    }
  }

  private forget(dialed: Promise<T>): void {
    if (this.current === dialed) this.current = undefined;
  }
}
