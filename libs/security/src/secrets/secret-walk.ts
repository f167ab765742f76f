import { types } from 'node:util';
import { overwriteSecrets } from './overwrite-secrets.js';
import type { KnownSecrets } from './known-secrets.js';

/** Deeper values no client could read. */
const MAX_DEPTH = 256;
const CIRCULAR = '[circular]';
const UNREADABLE = '[unreadable]';
const IN_WORK = Symbol('in work');

/** One walk over one value; what is met again is not walked again. */
export class SecretWalk {
  private readonly done = new Map<object, unknown>();

  constructor(private readonly secrets: Pick<KnownSecrets, 'find' | 'redactText'>) {}

  visit(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.secrets.redactText(value);
    if (typeof value !== 'object' || value === null) return value;
    const before = this.done.get(value);
    if (before !== undefined) return before === IN_WORK ? CIRCULAR : before;
    if (depth >= MAX_DEPTH) return '[too deep]';
    this.done.set(value, IN_WORK);
    let clean: unknown;
    try {
      clean = this.cleanOf(value, depth);
    } catch {
      clean = UNREADABLE;
    }
    this.done.set(value, clean);
    return clean;
  }

  private cleanOf(value: object, depth: number): unknown {
    if (value instanceof Date) return value;
    if (ArrayBuffer.isView(value)) return overwriteSecrets(value, this.secrets);
    if (Array.isArray(value)) return this.items(value, depth);
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON !== 'function') return this.members(value, depth);
    // What a client is shown of it is what it makes of itself.
    const shown: unknown = toJSON.call(value);
    const clean = this.visit(shown, depth + 1);
    return Object.is(clean, shown) ? value : clean;
  }

  private items(values: readonly unknown[], depth: number): unknown {
    let isChanged = types.isProxy(values);
    const clean = values.map((each) => {
      const one = this.visit(each, depth + 1);
      if (!Object.is(one, each)) isChanged = true;
      return one;
    });
    return isChanged ? clean : values;
  }

  private members(value: object, depth: number): unknown {
    // What a proxy said may not be what it says next.
    let isChanged = types.isProxy(value);
    const entries: [string, unknown][] = [];
    for (const name of Object.keys(value)) {
      let each: unknown = UNREADABLE;
      try {
        each = Reflect.get(value, name);
      } catch {
        isChanged = true;
      }
      const entry: [string, unknown] = [this.secrets.redactText(name), this.visit(each, depth + 1)];
      if (entry[0] !== name || !Object.is(entry[1], each)) isChanged = true;
      entries.push(entry);
    }
    if (!isChanged) return value;
    // The class stays: what is made of the result later depends on it.
    const copy = Object.create(Object.getPrototypeOf(value) as object) as Record<string, unknown>;
    for (const [name, each] of entries)
      Object.defineProperty(copy, name, { value: each, enumerable: true, writable: true, configurable: true });
    return copy;
  }
}
