import { ConfigurationError } from '@app/config';
import type { ToolDefinition } from '@app/pipeline';
import { toolFingerprint } from '@app/tools';

/** Every tool by its name, in the order they are served: what a reviewer sees change. */
export interface ToolsLock {
  readonly tools: Readonly<Record<string, LockedTool>>;
}

export interface LockedTool {
  /** `toolFingerprint` of the definition; `tools://lock` of a running server tells the same. */
  readonly fingerprint: string;
  readonly definition: ToolDefinition;
}

export const lockTools = (definitions: readonly ToolDefinition[]): ToolsLock => ({
  tools: Object.fromEntries(
    definitions.map((definition) => [definition.name, { fingerprint: toolFingerprint(definition), definition }]),
  ),
});

/** A lock as it was written. @throws ConfigurationError */
export function parseLock(text: string): ToolsLock {
  try {
    const lock = JSON.parse(text) as ToolsLock;
    for (const { definition, fingerprint } of Object.values(lock.tools))
      if (typeof definition.inputSchema !== 'object' || typeof fingerprint !== 'string') throw new TypeError();
    return lock;
  } catch {
    throw new ConfigurationError(['the lock of the tools: this is not a file that `tools lock` wrote']);
  }
}
