import type { Stats } from 'node:fs';
import { readTextAtStart } from './bounded-file.js';
import { ConfigurationError } from './configuration.error.js';

/** Room for a bundle of keys. */
const MAX_BYTES = 65_536;

/**
 * The value in a file that `NAME_FILE` names: its text without one newline at the end. That others may read the file is
 * let pass, in production too: Kubernetes and Docker mount secrets so, and guard the folder. Whoever could write it
 * could choose the secret, so that is refused.
 * @throws ConfigurationError in words that show nothing of the file
 */
export function readValueFile(file: string): string {
  const text = withoutNewline(readTextAtStart(file, MAX_BYTES, checkWriters));
  if (text.includes('\0')) throw new ConfigurationError(['the file is not a text']);
  // A secret that was not written must not pass for one that is not wanted.
  if (text.trim() === '') throw new ConfigurationError(['the file is empty']);
  return text;
}

function checkWriters({ mode }: Stats): void {
  if (process.platform !== 'win32' && (mode & 0o002) !== 0)
    throw new ConfigurationError(['anybody on this machine can write the file; take that away']);
}

/** Without the one newline that editors and `echo` put at the end; any other one belongs to the value. */
export const withoutNewline = (text: string): string => text.replace(/\r?\n$/, '');
