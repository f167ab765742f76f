import { isUtf8 } from 'node:buffer';
import type { Limits } from '@app/config';

/** A body that is no acceptable JSON text; `message` is safe to show. */
export class JsonRefusal extends Error {
  constructor(
    message: string,
    /** JSON-RPC code: -32700 for text that is not JSON, -32600 for JSON this server does not take. */
    readonly code: -32700 | -32600,
  ) {
    super(message);
    this.name = 'JsonRefusal';
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEAR = 64;

export interface ParsedBody {
  readonly value: unknown;
  /** Some object has a member `__proto__`, which copies of it lose or obey: only a reader that makes none may have it. */
  readonly reachesForPrototype: boolean;
}

/**
 * Parses a body strictly: UTF-8, at most `jsonDepth` levels and `jsonNodes` values, no name twice in an object
 * (two readers could each believe another one). The shape is measured on the bytes, before anything is built, in time
 * proportional to the body.
 * @throws JsonRefusal
 */
export function parseJson(body: Buffer, limits: Limits): ParsedBody {
  if (!isUtf8(body)) throw new JsonRefusal('The body is not valid UTF-8', -32700);
  const names = measure(body, limits);
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new JsonRefusal('The body is not valid JSON', -32700);
  }
  const seen = { names: 0, reachesForPrototype: false };
  visit(value, seen);
  if (seen.names !== names) throw new JsonRefusal('The body names a member twice', -32600);
  return { value, reachesForPrototype: seen.reachesForPrototype };
}

/**
 * @returns how many members the text names, by its colons outside of strings.
 *
 * A name written with escapes is refused: no name of ours needs one, a gateway in front may read it differently, and
 * V8 (seen in Node 26.10) can mistake it for another name when it has met a similar object before.
 */
function measure(body: Buffer, { jsonDepth, jsonNodes }: Limits): number {
  let depth = 0;
  let nodes = 1;
  let names = 0;
  let nameStart = 0;
  let nameEnd = 0;
  for (let at = 0; at < body.length; at++) {
    switch (body[at]) {
      case QUOTE:
        nameStart = at;
        at = nameEnd = endOfString(body, at);
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > jsonDepth) throw new JsonRefusal(`The body is nested deeper than ${jsonDepth} levels`, -32600);
        nodes++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2c: // ,
        nodes++;
        break;
      case 0x3a: // :
        // Every colon has a name of its own before it; what has none is no JSON, and must not be scanned again and again.
        if (nameEnd === 0) throw new JsonRefusal('The body is not valid JSON', -32700);
        names++;
        for (let inside = nameStart; inside < nameEnd; inside++)
          if (body[inside] === BACKSLASH) throw new JsonRefusal('The body has a member name with escapes', -32600);
        nameStart = nameEnd = 0;
        break;
    }
    if (nodes > jsonNodes) throw new JsonRefusal(`The body has more than ${jsonNodes} values`, -32600);
  }
  return names;
}

/** Index of the closing quote. Short strings are walked, long ones are searched natively. */
function endOfString(body: Buffer, start: number): number {
  let at = start + 1;
  for (const near = Math.min(body.length, at + NEAR); at < near; at++) {
    const byte = body[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  for (;;) {
    const quote = body.indexOf(QUOTE, at);
    if (quote < 0) return body.length;
    let backslashes = 0;
    while (body[quote - 1 - backslashes] === BACKSLASH && quote - backslashes > at) backslashes++;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

function visit(value: unknown, seen: { names: number; reachesForPrototype: boolean }): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, seen);
    return;
  }
  for (const name in value) {
    seen.names++;
    if (name === '__proto__') seen.reachesForPrototype = true;
    visit((value as Record<string, unknown>)[name], seen);
  }
}
