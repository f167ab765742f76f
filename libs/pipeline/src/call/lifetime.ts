import type { CallLifetime, ServerError } from '@app/mcp';

/** The time a call, or one attempt of it, has. Its signal is made when somebody asks for it: many methods never wait. */
export class Lifetime implements CallLifetime {
  private controller?: AbortController;
  private reason?: ServerError;
  private listeners?: ((reason: ServerError) => void)[];

  /** @param deadlineAt monotonic instant, `performance.now()` in ms. */
  constructor(readonly deadlineAt: number) {}

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason !== undefined) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  /** Why nobody waits any more; undefined while somebody does. */
  get endedBy(): ServerError | undefined {
    return this.reason;
  }

  throwIfEnded(): void {
    if (this.reason !== undefined) throw this.reason;
  }

  /** Calls back once, when the caller is answered before the work has ended. */
  onEnd(listener: (reason: ServerError) => void): void {
    if (this.reason !== undefined) listener(this.reason);
    else (this.listeners ??= []).push(listener);
  }

  end(reason: ServerError): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.controller?.abort(reason);
    for (const listener of this.listeners ?? []) listener(reason);
    this.listeners = undefined;
  }
}
