import type { ServerCapabilities } from '@modelcontextprotocol/server';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** What this server offers, in both eras. */
export const CAPABILITIES: ServerCapabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
};

/** How long clients may keep lists. `private`: what a caller sees can depend on his scopes. */
export const CACHE_HINTS = Object.fromEntries(
  ['server/discover', 'tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read'].map(
    (method) => [method, { ttlMs: method === 'resources/read' ? 0 : 60_000, cacheScope: 'private' as const }],
  ),
);
