import { type RedactOptions } from './redact-text.js';
import { ValueWalk } from './value-walk.js';

export interface RedactValueOptions extends RedactOptions {
  /** What lies deeper is told as `[too deep]`. */
  readonly maxDepth?: number;
  /** Values that are looked at; those beyond are told as `[too many values]`. */
  readonly maxValues?: number;
  /** Longer texts are cut, behind what was redacted in them. */
  readonly maxTextChars?: number;
  /** Names under which personal data may stand, at any depth; secrets may not. */
  readonly personalNames?: ReadonlySet<string>;
  /** Passes every text too, e.g. to take out secrets whose values are known. */
  readonly also?: (text: string) => string;
}

const DEFAULTS = { maxDepth: 64, maxValues: 10_000 };

/**
 * A copy of the value as plain data that JSON can hold, without secrets and personal data: by the name they stand under,
 * whatever they are, and by their shape in every text and name. Errors become `{ type, message, stack, … }` with their
 * causes; cycles `[circular]`, bytes `[n bytes]`, what throws `[unreadable]`. Getters are asked once. Never throws, and
 * does bounded work whatever the value is.
 */
export function redactValue(value: unknown, options: RedactValueOptions = {}): unknown {
  return new ValueWalk({ ...DEFAULTS, ...options }).visit(value, 0);
}
