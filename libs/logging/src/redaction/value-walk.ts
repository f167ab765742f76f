import { IncomingMessage, ServerResponse } from 'node:http';
import { DATA_CLASSES, type DataClass } from './data-class.js';
import { classOfName } from './data-names.js';
import { tellError } from './tell-error.js';
import { placeholderOf, redactText } from './redact-text.js';
import type { RedactValueOptions } from './redact-value.js';

/** Read beyond the place where a text is cut, so that a secret that lies across it is seen whole. */
const MARGIN_CHARS = 8_192;
const UNREADABLE = '[unreadable]';
/** Too short for any shape that is looked for. */
const INNOCENT_NAME = /^\w{1,16}$/;

/** One walk over one value. */
export class ValueWalk {
  private left: number;
  /** What the walk is inside of; as deep as the walk is at most. */
  private readonly path: object[] = [];

  constructor(
    private readonly options: RedactValueOptions & Required<Pick<RedactValueOptions, 'maxDepth' | 'maxValues'>>,
  ) {
    this.left = options.maxValues;
  }

  visit(value: unknown, depth: number, classes = this.options.classes): unknown {
    if (this.left-- <= 0) return '[too many values]';
    try {
      return this.copyOf(value, depth, classes);
    } catch {
      return UNREADABLE;
    }
  }

  text(text: string, classes = this.options.classes): string {
    const { maxTextChars, also } = this.options;
    const isLong = maxTextChars !== undefined && text.length > maxTextChars;
    const read = isLong ? text.slice(0, maxTextChars + MARGIN_CHARS) : text;
    const redacted = redactText(
      also === undefined ? read : also(read),
      classes === undefined ? undefined : { classes },
    );
    return isLong ? `${redacted.slice(0, maxTextChars)}… [${text.length - maxTextChars} more characters]` : redacted;
  }

  private copyOf(value: unknown, depth: number, classes: readonly DataClass[] | undefined): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value, classes);
      case 'bigint':
        return this.text(value.toString(), classes);
      case 'symbol':
        return this.text(value.toString(), classes);
      case 'function':
        return '[function]';
      case 'object':
        return value === null ? null : this.copyOfObject(value, depth, classes);
      case 'number':
        return this.number(value, classes);
      default:
        return value;
    }
  }

  /** A card number that came as a number is one all the same. */
  private number(value: number, classes: readonly DataClass[] | undefined): number | string {
    if (!Number.isSafeInteger(value) || value < 1e12) return value;
    const text = String(value);
    const redacted = this.text(text, classes);
    return redacted === text ? value : redacted;
  }

  private copyOfObject(value: object, depth: number, classes: readonly DataClass[] | undefined): unknown {
    if (this.path.includes(value)) return '[circular]';
    if (depth >= this.options.maxDepth) return '[too deep]';
    this.path.push(value);
    try {
      if (value instanceof Error) return tellError(value, this, depth, classes);
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
      if (value instanceof IncomingMessage || value instanceof ServerResponse)
        return this.members(tellMessage(value), ['method', 'url', 'remoteAddress', 'statusCode'], depth, classes);
      if (value instanceof URL || value instanceof RegExp) return this.text(String(value), classes);
      if (Array.isArray(value)) return this.items(value, value.length, depth, classes);
      if (value instanceof Set) return this.items(value, value.size, depth, classes);
      if (value instanceof Map) return this.pairs(value, depth, classes);
      const toJson = (value as { toJSON?: unknown }).toJSON;
      if (typeof toJson === 'function') return this.visit(toJson.call(value), depth + 1, classes);
      return this.members(value, Object.keys(value), depth, classes);
    } finally {
      this.path.pop();
    }
  }

  /** The members of an object, each read once. */
  members(
    value: object,
    names: Iterable<string>,
    depth: number,
    classes: readonly DataClass[] | undefined,
  ): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const name of names) {
      if (this.left <= 0) {
        copy['…'] = '[too many values]';
        break;
      }
      this.put(copy, name, () => Reflect.get(value, name), depth, classes);
    }
    return copy;
  }

  private put(
    copy: Record<string, unknown>,
    name: string,
    read: () => unknown,
    depth: number,
    classes: readonly DataClass[] | undefined,
  ): void {
    let value: unknown;
    try {
      value = read();
    } catch {
      value = UNREADABLE;
    }
    const { personalNames } = this.options;
    const within = personalNames?.has(name) === true ? withoutPii(classes) : classes;
    const dataClass = classOfName(name);
    const isHidden =
      dataClass !== undefined && value !== null && value !== undefined && (within?.includes(dataClass) ?? true);
    const shown = isHidden ? hidden(name, value) : this.visit(value, depth + 1, within);
    const key = INNOCENT_NAME.test(name) ? (this.options.also?.(name) ?? name) : this.text(name);
    // A name such as __proto__ is a name like any other.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: shown, enumerable: true });
    else copy[key] = shown;
  }

  private items(
    values: Iterable<unknown>,
    count: number,
    depth: number,
    classes: readonly DataClass[] | undefined,
  ): unknown[] {
    const copy: unknown[] = [];
    for (const each of values) {
      if (this.left <= 0) {
        copy.push(`[${count - copy.length} more]`);
        break;
      }
      copy.push(this.visit(each, depth + 1, classes));
    }
    return copy;
  }

  private pairs(
    map: Map<unknown, unknown>,
    depth: number,
    classes: readonly DataClass[] | undefined,
  ): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const [key, value] of map) {
      if (this.left <= 0) break;
      const name = typeof key === 'object' ? '[object]' : String(key);
      this.put(copy, name, () => value, depth, classes);
    }
    return copy;
  }
}

/** How many there are is no secret: `tokens: 1532` counts. */
const hidden = (name: string, value: unknown): unknown =>
  typeof value === 'number' && /s$/i.test(name) && !/(?:pass|address)$/i.test(name) ? value : placeholderOf('name');

const withoutPii = (classes: readonly DataClass[] = DATA_CLASSES): readonly DataClass[] =>
  classes.filter((each) => each !== 'pii');

/** Of a request or an answer: never its headers, neither as they came nor as they were read. */
const tellMessage = (message: IncomingMessage | ServerResponse): object =>
  message instanceof ServerResponse
    ? { statusCode: message.statusCode }
    : { method: message.method, url: message.url, remoteAddress: message.socket?.remoteAddress };
