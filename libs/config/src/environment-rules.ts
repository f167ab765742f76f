import { Transform, type TransformFnParams } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

const DECIMAL = /^-?\d+$/;
/** Only plain decimal text becomes a number, so that `0x1F`, `1e3` and `` stay strings and are refused. */
const toInt = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;

/** A whole number, both bounds included. */
export const Whole =
  (min: number, max: number): PropertyDecorator =>
  (target, name) => {
    for (const rule of [Transform(toInt), IsInt(), Min(min), Max(max)]) rule(target, name as string);
  };

/** Texts with something between them, each without the spaces around it; empty ones are left out. */
export const itemsOf = (text: string, separator: RegExp | string = ','): string[] =>
  text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
export const ListOf = (separator?: RegExp | string): PropertyDecorator =>
  Transform(({ value }: TransformFnParams): unknown =>
    typeof value === 'string' ? itemsOf(value, separator) : (value as unknown),
  );

const secrets = new Set<string>();
/** The value is never shown, whoever asks. */
export const Secret = (): PropertyDecorator => (_target, name) => void secrets.add(name as string);
/** Names of the settings marked so. */
export const SECRET_SETTINGS: ReadonlySet<string> = secrets;
