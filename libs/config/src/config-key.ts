import { createSecretKey, type KeyObject } from 'node:crypto';
import { ValidateBy, type ValidationOptions } from 'class-validator';

const KID = /^[A-Za-z0-9._-]{1,64}$/;
/** Random bytes have more different ones than this; a placeholder has fewer. */
const MIN_DISTINCT = 8;
export const CONFIG_KEY_BYTES = 32;
/** Between two keys: in a file each may stand on a line of its own. */
export const BETWEEN_KEYS = /[,\n]/;
/** Of the key the server makes for itself. */
export const DATA_KID = 'data-key';

export interface ConfigKey {
  readonly kid: string;
  /** Shows nothing of itself when it is printed. */
  readonly key: KeyObject;
}

/** `kid:base64` of a key of 32 bytes. @returns undefined for anything else */
export function parseConfigKey(text: string): ConfigKey | undefined {
  const colon = text.indexOf(':');
  const kid = text.slice(0, colon);
  const bytes = Buffer.from(text.slice(colon + 1), 'base64');
  // Decoding skips what is no base64; only what encodes back to itself was meant so.
  const isExact = bytes.toString('base64').replace(/=+$/, '') === text.slice(colon + 1).replace(/=+$/, '');
  const isKey = isExact && bytes.length === CONFIG_KEY_BYTES && new Set(bytes).size >= MIN_DISTINCT;
  return colon > 0 && KID.test(kid) && kid !== DATA_KID && isKey ? { kid, key: createSecretKey(bytes) } : undefined;
}

export const IsConfigKey = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isConfigKey',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseConfigKey(value) !== undefined,
        defaultMessage: () => `expected kid:base64, each of a key of ${CONFIG_KEY_BYTES} random bytes`,
      },
    },
    options,
  );

/** Two keys of one name would leave it open which one a value needs. */
export const kidOf = (text: unknown): unknown => (typeof text === 'string' ? text.slice(0, text.indexOf(':')) : text);
