import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { ConfigurationError } from '../configuration.error.js';

const MAX_BYTES = 1_048_576;
/** A pipe nobody writes to must not hold up the start; it is refused as soon as it is open. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The text of the policy file, while the server starts. @throws ConfigurationError */
export function readPolicyAtStart(file: string): string {
  try {
    const descriptor = openSync(file, FLAGS);
    try {
      checkIsFile(fstatSync(descriptor).isFile());
      const bytes = Buffer.alloc(MAX_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0; length += read)
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      return decode(bytes.subarray(0, length));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(error);
  }
}

/** The text of the policy file, while the server serves. @throws ConfigurationError */
export async function readPolicy(file: string): Promise<string> {
  try {
    const handle = await open(file, FLAGS);
    try {
      checkIsFile((await handle.stat()).isFile());
      const bytes = Buffer.alloc(MAX_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0; length += read)
        read = (await handle.read(bytes, length, bytes.length - length)).bytesRead;
      return decode(bytes.subarray(0, length));
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(error);
  }
}

function checkIsFile(isFile: boolean): void {
  if (!isFile) throw new ConfigurationError(['the file is not a regular file']);
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) throw new ConfigurationError([`the file is larger than ${MAX_BYTES} bytes`]);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigurationError(['the file is not UTF-8']);
  }
  // Most likely caught between being emptied and being written: to switch every tool on again needs a word.
  if (text.trim() === '') throw new ConfigurationError(['the file is empty; write {} to have no policy']);
  return text;
}

function unreadable(error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error;
  return new ConfigurationError([`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`]);
}
