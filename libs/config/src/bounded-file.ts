import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { ConfigurationError } from './configuration.error.js';

/** A pipe nobody writes to must not hold up the start; it is refused as soon as it is open. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** What a regular file of at most so many bytes holds, as text; only while the server starts. @throws ConfigurationError */
export function readTextAtStart(file: string, maxBytes: number, check?: (stats: Stats) => void): string {
  try {
    const descriptor = openSync(file, FLAGS);
    try {
      const stats = fstatSync(descriptor);
      checkIsFile(stats);
      check?.(stats);
      const bytes = Buffer.alloc(maxBytes + 1);
      let length = 0;
      for (let read = -1; read !== 0; length += read)
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      return decode(bytes.subarray(0, length), maxBytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(error);
  }
}

/** The same while the server serves. @throws ConfigurationError */
export async function readText(file: string, maxBytes: number): Promise<string> {
  try {
    const handle = await open(file, FLAGS);
    try {
      checkIsFile(await handle.stat());
      const bytes = Buffer.alloc(maxBytes + 1);
      let length = 0;
      for (let read = -1; read !== 0; length += read)
        read = (await handle.read(bytes, length, bytes.length - length)).bytesRead;
      return decode(bytes.subarray(0, length), maxBytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(error);
  }
}

function checkIsFile(stats: Stats): void {
  if (!stats.isFile()) throw new ConfigurationError(['the file is not a regular file']);
}

function decode(bytes: Uint8Array, maxBytes: number): string {
  if (bytes.length > maxBytes) throw new ConfigurationError([`the file is larger than ${maxBytes} bytes`]);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigurationError(['the file is not UTF-8']);
  }
}

function unreadable(error: unknown): ConfigurationError {
  if (error instanceof ConfigurationError) return error;
  return new ConfigurationError([`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`]);
}
