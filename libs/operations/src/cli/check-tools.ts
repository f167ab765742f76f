import { readFile } from 'node:fs/promises';
import { ConfigurationError } from '@app/config';
import type { ToolDefinition } from '@app/pipeline';
import { compareTools, listChanges } from './compare-tools.js';
import { lockTools, parseLock } from './tools-lock.js';

export interface ToolsCheck {
  /** A line for each change; empty where there is none. */
  readonly report: string;
  readonly isRefused: boolean;
}

/**
 * Compares the tools with a lock. Their own lock must say exactly what they are; since another one, e.g. that of the last
 * release, they may have changed in every way that breaks no caller.
 * @throws ConfigurationError for a file that is no lock
 */
export async function checkTools(
  definitions: readonly ToolDefinition[],
  file: string,
  { isOwn }: { readonly isOwn: boolean },
): Promise<ToolsCheck> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigurationError([`the lock of the tools: the file cannot be read (${error.code ?? 'unknown'})`]);
  });
  const changes = compareTools(parseLock(text), lockTools(definitions));
  return { report: listChanges(changes), isRefused: changes.some(({ kind }) => isOwn || kind === 'breaking') };
}
