import type { ToolCall } from '@app/mcp';

/** What stands in for a method, or before it. */
export type Fault = (call: ToolCall, method: () => Promise<unknown>) => Promise<unknown>;

/** Work that ends only when the test says so, whatever its signal says. */
export class DeafWork {
  private readonly open = new Set<() => void>();

  /** How many calls hang in it. */
  get hanging(): number {
    return this.open.size;
  }
  readonly fault: Fault = (_call, method) => new Promise<void>((done) => void this.open.add(done)).then(method);

  release(): void {
    for (const done of this.open) done();
    this.open.clear();
  }
}

/** The ways a tool, or what it depends on, goes wrong. Given to `TestKit.inject`, or wrapped around a dependency by `breakMethod`. */
export const faults = {
  /** Never ends by itself, but stops when it is told to. */
  hang: (): Fault => (call) =>
    new Promise((_done, failed) => {
      const stop = (): void => failed(call.signal.reason as Error);
      if (call.signal.aborted) stop();
      else call.signal.addEventListener('abort', stop, { once: true });
    }),
  failTimes: (times: number, error: () => unknown): Fault => {
    let left = times;
    return async (_call, method) => {
      if (left-- > 0) throw error();
      return method();
    };
  },
  failForever:
    (error: () => unknown): Fault =>
    async () => {
      throw error();
    },
  answerLate:
    (ms: number): Fault =>
    async (_call, method) => {
      await new Promise((done) => setTimeout(done, ms));
      return method();
    },
  answerGarbage:
    (garbage: unknown): Fault =>
    () =>
      Promise.resolve(garbage),
  /** A result of so many bytes. */
  overflow:
    (bytes: number, member = 'text'): Fault =>
    () =>
      Promise.resolve({ [member]: 'x'.repeat(bytes) }),
  leakSecret:
    (secret: string, member = 'text'): Fault =>
    () =>
      Promise.resolve({ [member]: `before ${secret} after` }),
} as const;

/**
 * Breaks one method of a dependency, e.g. of a provider the tool was given.
 * @returns mends it
 */
export function breakMethod<T extends object>(
  owner: T,
  name: keyof T & string,
  broken: (original: () => Promise<unknown>) => Promise<unknown>,
): () => void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, {
    value: (...args: unknown[]) => broken(async () => original.apply(owner, args)),
    configurable: true,
    writable: true,
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  };
}
