import { Cipher } from './cipher/cipher.js';
import { CipherError, type CipherFailure } from './cipher/cipher.error.js';
import { BETWEEN_KEYS, type ConfigKey, kidOf, parseConfigKey } from './config-key.js';
import { ConfigurationError } from './configuration.error.js';
import { itemsOf } from './environment-rules.js';
import { readValueFile } from './value-file.js';

/** Variables by name, as the process has them. */
export type Source = Readonly<Record<string, string | undefined>>;

/** One setting that was given. */
export interface GivenValue {
  /** Opened where it was encrypted. */
  readonly text: string;
  readonly from: 'environment' | 'file' | 'command line';
  readonly isEncrypted: boolean;
}

export interface EnvironmentValues {
  readonly values: ReadonlyMap<string, GivenValue>;
  /** Newest first. */
  readonly keys: readonly ConfigKey[];
}

export const KEYS = 'CONFIG_KEYS';
/** Begins like a sealed value, or ends like one: a damaged one must not pass for a plain secret. */
const MEANT_SEALED = /^enc:|:[\w-]{16}:[\w-]{22}:[\w-]*$/i;
const WORDS: Readonly<Record<CipherFailure, string>> = {
  malformed: 'it is not a well-formed enc:v1: value',
  'unknown key': `it is encrypted with a key that ${KEYS} does not have`,
  refused: `it was altered, encrypted for another setting, or its key in ${KEYS} is another one now`,
};

/** The values of the named settings that are given and not empty; encrypted ones opened. Reads only while the server starts. */
export function readValues(source: Source, names: readonly string[], problems: string[]): EnvironmentValues {
  const given = new Map<string, GivenValue>();
  for (const name of names) {
    const value = valueOf(source, name, problems);
    if (value !== undefined) given.set(name, value);
  }
  const keys = keysOf(given.get(KEYS)?.text);
  const cipher = keys.length === 0 ? undefined : settingsCipher(keys);
  const values = new Map<string, GivenValue>();
  for (const [name, value] of given)
    try {
      values.set(name, name !== KEYS && MEANT_SEALED.test(value.text) ? opened(name, value, cipher) : value);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
    }
  return { values, keys };
}

/** Opens and seals settings; the place of each is its name. */
export const settingsCipher = (keys: readonly ConfigKey[]): Cipher => new Cipher(keys).for('settings');

/** The keys alone, for commands that need no other setting. @throws ConfigurationError where there are none */
export function readConfigKeys(source: Source): readonly ConfigKey[] {
  const problems: string[] = [];
  const text = valueOf(source, KEYS, problems)?.text;
  const keys = keysOf(text);
  if (text === undefined && problems.length === 0)
    problems.push(
      `${KEYS}: set it, or ${KEYS}_FILE, to kid:base64 of 32 random bytes, e.g. of openssl rand -base64 32`,
    );
  else if (keys.length === 0 || keys.length < itemsOf(text!, BETWEEN_KEYS).length)
    problems.push(`${KEYS}: expected kid:base64, each of a key of 32 random bytes, and no two of one name`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return keys;
}

/** A value given directly, or as the contents of the file that `NAME_FILE` names. */
function valueOf(source: Source, name: string, problems: string[]): GivenValue | undefined {
  const direct = source[name];
  const file = source[`${name}_FILE`];
  if (file === undefined || file === '')
    return direct === undefined || direct === ''
      ? undefined
      : { text: direct, from: 'environment', isEncrypted: false };
  if (direct !== undefined) {
    problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    return undefined;
  }
  try {
    return { text: readValueFile(file), from: 'file', isEncrypted: false };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems.map((problem) => `${name}_FILE: ${problem}`));
    return undefined;
  }
}

/** Those that are well-formed, the first of each name; the schema reports the others. */
function keysOf(text = ''): readonly ConfigKey[] {
  const items = itemsOf(text, BETWEEN_KEYS).filter(
    (item, index, all) => all.findIndex((each) => kidOf(each) === kidOf(item)) === index,
  );
  return Object.freeze(items.map(parseConfigKey).filter((key) => key !== undefined));
}

/** @throws ConfigurationError that names the setting, never the value */
function opened(name: string, given: GivenValue, cipher: Cipher | undefined): GivenValue {
  if (cipher === undefined)
    throw new ConfigurationError([`${name}: it is encrypted, and ${KEYS} has no key to open it with`]);
  let text: string;
  try {
    text = cipher.open(given.text, name);
  } catch (error) {
    if (!(error instanceof CipherError)) throw error;
    throw new ConfigurationError([`${name}: ${WORDS[error.failure]}`]);
  }
  if (text.trim() === '') throw new ConfigurationError([`${name}: it is encrypted, and empty`]);
  return { ...given, text, isEncrypted: true };
}
