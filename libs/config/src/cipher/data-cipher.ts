import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_KEY_BYTES, type ConfigKey, DATA_KID } from '../config-key.js';
import { ConfigurationError } from '../configuration.error.js';
import { Cipher } from './cipher.js';

const FILE = 'data-key';

/**
 * The cipher of what the server keeps; each store takes `.for(its purpose)`. Its keys are CONFIG_KEYS. Without them it
 * is the key in `<dataDir>/data-key`, made by whichever process comes first: that keeps a copy of the database alone
 * from telling anything, but not a copy of the whole folder. Where both are there the file still opens what it sealed.
 * @throws ConfigurationError for a key file that is not 32 bytes, or that anybody can read
 */
export async function openDataCipher(dataDir: string, keys: readonly ConfigKey[] = []): Promise<Cipher> {
  const file = join(dataDir, FILE);
  let own = await readKey(file);
  if (own === undefined && keys.length === 0) {
    await makeKey(dataDir, file);
    own = await readKey(file);
    if (own === undefined) throw new ConfigurationError([`${FILE} in DATA_DIR: it went away while it was made`]);
  }
  return new Cipher(own === undefined ? keys : [...keys, { kid: DATA_KID, key: createSecretKey(own) }]).for('data');
}

/** @returns undefined where there is none */
async function readKey(file: string): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ConfigurationError([`${FILE} in DATA_DIR: it cannot be read (${code})`]);
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ConfigurationError([`${FILE} in DATA_DIR: it is not a regular file`]);
    // Bits of the group are let pass: systems that hand a volume to a group set them on every file.
    if (process.platform !== 'win32' && (stats.mode & 0o007) !== 0)
      throw new ConfigurationError([`${FILE} in DATA_DIR: anybody on this machine may use it; take that away`]);
    const bytes = Buffer.alloc(CONFIG_KEY_BYTES + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    if (bytesRead !== CONFIG_KEY_BYTES)
      throw new ConfigurationError([`${FILE} in DATA_DIR: it is not a key of ${CONFIG_KEY_BYTES} bytes`]);
    return bytes.subarray(0, CONFIG_KEY_BYTES);
  } finally {
    await handle.close();
  }
}

/** Written whole under another name first; of several processes that do so the first one to link it wins. */
async function makeKey(dataDir: string, file: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(randomBytes(CONFIG_KEY_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(draft);
  }
  const folder = await open(dataDir, constants.O_RDONLY);
  try {
    // Values sealed with a key that a power failure takes away would never open again.
    await folder.sync();
  } finally {
    await folder.close();
  }
}
