import {
  CipherError,
  Cipher,
  type ConfigKey,
  ConfigurationError,
  nearestName,
  SETTINGS,
  settingsCipher,
  withoutNewline,
} from '@app/config';
import { UsageError } from './usage.error.js';

/** Sealed it still fits into the file that NAME_FILE names. */
const MAX_BYTES = 32_768;

export interface SealRequest {
  readonly action: 'encrypt' | 'rotate';
  /** Of the setting, e.g. AUTH_SECRET; the result opens for no other. */
  readonly name: string;
}

/**
 * Encrypts the value of a setting, or puts an encrypted one under the newest key. The value comes on stdin, because
 * other users of the machine see command lines.
 * @throws UsageError for a name that is no setting; ConfigurationError for a value that does not fit. Neither shows the value.
 */
export async function sealSetting(
  { action, name }: SealRequest,
  input: AsyncIterable<Uint8Array | string>,
  keys: readonly ConfigKey[],
): Promise<string> {
  checkName(action, name);
  const value = withoutNewline(await readAll(name, input));
  const cipher = settingsCipher(keys);
  if (action === 'encrypt') {
    if (value.trim() === '') throw new ConfigurationError([`${name}: there is no value on stdin`]);
    if (Cipher.isSealed(value))
      throw new ConfigurationError([`${name}: it is encrypted already; config rotate renews it`]);
    return cipher.seal(value, name);
  }
  try {
    return cipher.rotate(value, name);
  } catch (error) {
    if (!(error instanceof CipherError)) throw error;
    throw new ConfigurationError([`${name}: ${error.message}`]);
  }
}

/** What was given is not said again: it might be the value, in the wrong place. */
function checkName(action: string, name: string): void {
  if (name === 'CONFIG_KEYS') throw new UsageError(`config ${action}: CONFIG_KEYS opens the others and stays plain`);
  if (SETTINGS.includes(name)) return;
  const nearest = nearestName(name, SETTINGS);
  throw new UsageError(
    `config ${action}: not the name of a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
  );
}

async function readAll(name: string, input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    length += chunks.at(-1)!.length;
    if (length > MAX_BYTES) throw new ConfigurationError([`${name}: the value is larger than ${MAX_BYTES} bytes`]);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new ConfigurationError([`${name}: the value is not UTF-8`]);
  }
}
