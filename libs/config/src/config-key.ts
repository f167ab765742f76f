import { ValidateBy, type ValidationOptions } from 'class-validator';

const KID = /^[A-Za-z0-9._-]{1,64}$/;
export const CONFIG_KEY_BYTES = 32;

export interface ConfigKey {
  readonly kid: string;
  readonly key: Buffer;
}

/** `kid:base64` of a key of 32 bytes. @returns undefined for anything else */
export function parseConfigKey(text: string): ConfigKey | undefined {
  const colon = text.indexOf(':');
  const kid = text.slice(0, colon);
  const key = Buffer.from(text.slice(colon + 1), 'base64');
  // Decoding skips what is no base64; only what encodes back to itself was meant so.
  const isExact = key.toString('base64').replace(/=+$/, '') === text.slice(colon + 1).replace(/=+$/, '');
  return colon > 0 && KID.test(kid) && isExact && key.length === CONFIG_KEY_BYTES ? { kid, key } : undefined;
}

export const IsConfigKey = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isConfigKey',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && parseConfigKey(value) !== undefined,
        defaultMessage: () => `expected kid:base64, each of a key of ${CONFIG_KEY_BYTES} bytes`,
      },
    },
    options,
  );
